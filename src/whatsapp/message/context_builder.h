// Writing ContextInfo: what stands beside the content of most kinds (quote, mentions, disappearing,
// forwarded). For the builders of this room only. Spec 05 §5.3.
#pragma once

#include "proto/message.pb.h"
#include "whatsapp/message/outgoing_content.h"

namespace whatsapp::message {

/// Whether there is anything to say at all: a plain text without it is a `conversation`.
[[nodiscard]] bool has_context(const OutgoingContext& context);

void fill_context(const OutgoingContext& context, proto::ContextInfo& out);

/// Adds a ContextInfo to a part of a message, if there is anything to say.
template <class Part>
void add_context(const OutgoingContext& context, Part& part) {
  if (has_context(context)) fill_context(context, *part.mutable_context_info());
}

/// The key of another message, from our point of view: `participant` only for others' in groups.
void fill_key(const TargetMessage& target, const OutgoingContext& context, proto::MessageKey& out);

/// Takes away what is not quoted or forwarded with a message: its own quote, mentions and secrets.
void strip_context(proto::Message& message);

}  // namespace whatsapp::message
