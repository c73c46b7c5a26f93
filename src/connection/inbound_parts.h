// The typed part of a message as the edge contract shows it: one JSON value under one key
// (docs/edge-api.yaml, InboundMessage).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "whatsapp/client/client.h"

namespace worker {

struct InboundPart {
  std::string key;   // "location", "contacts", "reaction", "poll", …; the kind's word for all others
  std::string json;  // value
};

/// Nothing for what a body, a file and edit_of or revoke_of say completely.
std::optional<InboundPart> part_of(const whatsapp::IncomingMessage& message);

/// The key under which messages of a kind have their part.
std::string part_key(std::string_view kind);

}  // namespace worker
