// Writing what is about another message: reactions, votes, edits, revocations, pins. For the builders of this
// room only. Spec 05 §5.7, §5.9, §6.
#pragma once

#include "base/result.h"
#include "proto/message.pb.h"
#include "whatsapp/message/outgoing_content.h"

namespace whatsapp::message {

/// All of them: kInvalidArgument without a target.
base::Result<void> fill_action(const OutgoingReaction& reaction, const OutgoingContext& context,
                               proto::Message& out);
base::Result<void> fill_action(const OutgoingPollVote& vote, const OutgoingContext& context,
                               proto::Message& out);
base::Result<void> fill_action(const OutgoingEdit& edit, const OutgoingContext& context, proto::Message& out);
base::Result<void> fill_action(const OutgoingRevoke& revoke, const OutgoingContext& context,
                               proto::Message& out);
base::Result<void> fill_action(const OutgoingPin& pin, const OutgoingContext& context, proto::Message& out);

}  // namespace whatsapp::message
