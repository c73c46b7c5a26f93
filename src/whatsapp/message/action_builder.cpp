#include "whatsapp/message/action_builder.h"

#include <vector>

#include "whatsapp/binary/jid.h"
#include "whatsapp/message/context_builder.h"
#include "whatsapp/message/media_builder.h"
#include "whatsapp/message/message_secret.h"
#include "whatsapp/message/message_secret_content.h"
#include "whatsapp/message/unwrap.h"

namespace whatsapp::message {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

Result<void> check_target(const TargetMessage& target) {
  if (target.id.empty()) return fail(ErrorCode::kInvalidArgument, "no message is named that this is about");
  return {};
}

void fill_text(const std::string& body, const OutgoingContext& context, proto::Message& out) {
  if (!has_context(context)) {
    out.set_conversation(body);
    return;
  }
  out.mutable_extended_text_message()->set_text(body);
  add_context(context, *out.mutable_extended_text_message());
}

/// The new content: the old file under a new caption, else a text.
void fill_edited(const OutgoingEdit& edit, const OutgoingContext& context, proto::Message& out) {
  proto::Message original;
  const bool readable = !edit.original.empty() &&
                        original.ParseFromArray(edit.original.data(), static_cast<int>(edit.original.size()));
  const Unwrapped unwrapped = readable ? unwrap(original) : Unwrapped{};
  if (unwrapped.innermost != nullptr) {
    out = *unwrapped.innermost;
    strip_context(out);
    if (replace_caption(out, edit.body)) return;
    out.Clear();
  }
  fill_text(edit.body, context, out);
}

}  // namespace

Result<void> fill_action(const OutgoingReaction& reaction, const OutgoingContext& context,
                         proto::Message& out) {
  WA_TRY_VOID(check_target(reaction.target));
  auto& wire = *out.mutable_reaction_message();
  fill_key(reaction.target, context, *wire.mutable_key());
  wire.set_text(reaction.emoji);
  wire.set_sender_timestamp_ms(reaction.at_ms);
  return {};
}

Result<void> fill_action(const OutgoingPollVote& vote, const OutgoingContext& context, proto::Message& out) {
  WA_TRY_VOID(check_target(vote.poll));
  const auto author = binary::Jid::parse(vote.poll.author);
  const auto voter = binary::Jid::parse(vote.voter);
  if (!author || !voter) return fail(ErrorCode::kInvalidArgument, "a vote needs the poll's author");

  std::vector<OptionHash> selected;
  for (const std::string& option : vote.options) selected.push_back(option_hash(option));
  const AddOnContext about{vote.poll.id, *author, *voter};
  EncryptedAddOn add_on{AddOn::kPollVote, {}, base::to_bytes(base::ByteView{vote.iv}), {}};
  add_on.payload = encrypt_add_on(AddOn::kPollVote, vote.poll_secret, about, build_vote(selected), vote.iv);

  proto::MessageKey key;
  fill_key(vote.poll, context, key);
  add_on.target = {key.remote_jid(), key.from_me(), key.id(), key.participant()};
  const base::Bytes built = build_add_on(add_on, vote.at_ms);
  if (!out.ParseFromArray(built.data(), static_cast<int>(built.size())))
    return fail(ErrorCode::kInvalidArgument, "the vote cannot be written");
  return {};
}

Result<void> fill_action(const OutgoingEdit& edit, const OutgoingContext& context, proto::Message& out) {
  WA_TRY_VOID(check_target(edit.target));
  if (edit.body.empty()) return fail(ErrorCode::kInvalidArgument, "an edit needs a text");
  if (edit.target.from != TargetMessage::From::kMe)
    return fail(ErrorCode::kInvalidArgument, "only own messages can be edited");
  auto& protocol = *out.mutable_edited_message()->mutable_message()->mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::MESSAGE_EDIT);
  fill_key(edit.target, context, *protocol.mutable_key());
  protocol.set_timestamp_ms(edit.at_ms);
  fill_edited(edit, context, *protocol.mutable_edited_message());
  return {};
}

Result<void> fill_action(const OutgoingRevoke& revoke, const OutgoingContext& context, proto::Message& out) {
  WA_TRY_VOID(check_target(revoke.target));
  auto& protocol = *out.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::REVOKE);
  fill_key(revoke.target, context, *protocol.mutable_key());
  return {};
}

Result<void> fill_action(const OutgoingPin& pin, const OutgoingContext& context, proto::Message& out) {
  WA_TRY_VOID(check_target(pin.target));
  const bool pinned = pin.change == OutgoingPin::Change::kPin;
  auto& wire = *out.mutable_pin_in_chat_message();
  fill_key(pin.target, context, *wire.mutable_key());
  wire.set_type(pinned ? 1 : 2);
  wire.set_sender_timestamp_ms(pin.at_ms);
  out.mutable_message_context_info()->set_message_add_on_duration_in_secs(pinned ? pin.seconds : 0);
  return {};
}

}  // namespace whatsapp::message
