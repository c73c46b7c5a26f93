// A message that arrived, as the edge will hear of it. Staged as the JSON body of POST /inbound, so that the
// row in the spool needs nothing else to be delivered, whenever that is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/types.h"
#include "whatsapp/client/client.h"

namespace worker {

/// `own_jid`: our device, the contract's `to`.
edge::InboundMessage to_inbound(const whatsapp::IncomingMessage& message, std::string instance_id,
                                std::string own_jid);

/// A row of the spool: the body of POST /inbound and, under "_media", where the message's file is
/// (whatsapp/message/media_reference_json.h). That has the file's key: decode_inbound() leaves it out, so
/// that it never reaches the edge.
std::string encode_inbound(const edge::InboundMessage& message,
                           const std::optional<whatsapp::message::MediaReference>& media = std::nullopt);
/// The file of a row; nothing if the message has none.
std::optional<whatsapp::message::MediaReference> media_in_row(std::string_view payload);
/// kMalformed when it is not what encode_inbound() wrote.
base::Result<edge::InboundMessage> decode_inbound(std::string_view payload);

}  // namespace worker
