// Stanzas as JSON, for tests that say or read one the simulator has no word for:
//
//   {"tag": "presence", "attrs": {"to": "5511…@s.whatsapp.net", "count": 3}, "content": [{"tag": "x"}]}
//
// An attribute with an '@' that reads as a JID is one, unless given as {"text": "…"}; "s.whatsapp.net" and
// "g.us" are written "@s.whatsapp.net" and "@g.us". Content: a text, {"base64": "…"}, or a list of stanzas.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "whatsapp/binary/node.h"

namespace simulator {

/// kInvalidArgument, saying what is wrong.
base::Result<whatsapp::binary::Node> stanza_from(const nlohmann::json& value);
base::Result<whatsapp::binary::Node::Children> stanzas_from(const nlohmann::json& list);

/// JIDs come out as texts; bytes as text when they are UTF-8.
nlohmann::json to_json(const whatsapp::binary::Node& stanza);
nlohmann::json to_json(std::span<const whatsapp::binary::Node> stanzas);

}  // namespace simulator
