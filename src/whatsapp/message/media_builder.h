// Writing media messages: which field of Message a file goes into, and its place in there. For the builders
// of this room only. Spec 05 §5.4, 06 §6, §7.
#pragma once

#include "base/result.h"
#include "proto/message.pb.h"
#include "whatsapp/message/outgoing_content.h"

namespace whatsapp::message {

/// kInvalidArgument for a kind that is no content of messages, and for a file without place or key.
base::Result<void> fill_media(const OutgoingMedia& media, const OutgoingContext& context,
                              proto::Message& out);

/// The same file with another caption: how a caption is edited. False if the message has none to change.
bool replace_caption(proto::Message& message, const std::string& caption);

}  // namespace whatsapp::message
