// A message that arrived, as the edge will hear of it. Staged as the JSON body of POST /inbound, so that the
// row in the spool needs nothing else to be delivered, whenever that is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attachments/pending_attachment.h"
#include "base/result.h"
#include "edge/types.h"
#include "whatsapp/client/client.h"

namespace worker {

/// `own_jid`: our device, the contract's `to`.
edge::InboundMessage to_inbound(const whatsapp::IncomingMessage& message, std::string instance_id,
                                std::string own_jid);

/// The file that the message of a row waits for, beside the message itself, under "_attachment". That has the
/// file's key: decode_inbound() leaves it out, so that it never reaches the edge.
std::string with_attachment(std::string payload, const PendingAttachment& attachment);
/// Nothing: it waits for none, or for one that cannot be read any more.
std::optional<PendingAttachment> attachment_of(std::string_view payload);

std::string encode_inbound(const edge::InboundMessage& message);
/// kMalformed when it is not what encode_inbound() wrote.
base::Result<edge::InboundMessage> decode_inbound(std::string_view payload);

}  // namespace worker
