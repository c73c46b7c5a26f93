#include "whatsapp/message/message_secret_content.h"

#include <algorithm>
#include <climits>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "proto/message.pb.h"
#include "proto/message_secret.pb.h"

namespace whatsapp::message {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;

using Found = Result<std::optional<EncryptedAddOn>>;

bool parse(google::protobuf::MessageLite& out, ByteView bytes) {
  return bytes.size() <= INT_MAX && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Bytes serialised(const google::protobuf::MessageLite& message) {
  Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

Found add_on(AddOn kind, const std::string& key, const std::string& iv, const std::string& payload) {
  proto::MessageKey target;
  if (!parse(target, base::as_bytes(key)) || target.id().empty())
    return fail(ErrorCode::kMalformed, "encrypted addition without a target");
  if (iv.empty() || payload.empty())
    return fail(ErrorCode::kMalformed, "encrypted addition without IV or payload");
  return EncryptedAddOn{kind,
                        {target.remote_jid(), target.from_me(), target.id(), target.participant()},
                        base::to_bytes(iv),
                        base::to_bytes(payload)};
}

Found poll_update(const std::string& bytes) {
  proto::PollUpdateMessage update;
  if (!parse(update, base::as_bytes(bytes))) return fail(ErrorCode::kMalformed, "poll update is malformed");
  return add_on(AddOn::kPollVote, update.poll_creation_message_key(), update.vote().enc_iv(),
                update.vote().enc_payload());
}

std::optional<AddOn> of_secret_type(std::int32_t type) {
  switch (type) {
    case 1:
      return AddOn::kEventEdit;
    case 2:
      return AddOn::kMessageEdit;
    case 4:
      return AddOn::kPollEdit;
    case 5:
      return AddOn::kPollAddOption;
    default:
      return std::nullopt;
  }
}

std::int32_t secret_type_of(AddOn kind) {
  for (std::int32_t type = 1; type <= 5; ++type)
    if (of_secret_type(type) == kind) return type;
  return 0;
}

/// `kind`: if the field alone tells it; else the envelope has a type.
Found envelope(std::optional<AddOn> kind, const std::string& bytes) {
  proto::EncryptedAddOnMessage wire;
  if (!parse(wire, base::as_bytes(bytes)))
    return fail(ErrorCode::kMalformed, "encrypted addition is malformed");
  if (!kind) kind = of_secret_type(wire.secret_enc_type());
  if (!kind) return std::nullopt;
  return add_on(*kind, wire.target_message_key(), wire.enc_iv(), wire.enc_payload());
}

Bytes key_bytes(const TargetKey& target) {
  proto::MessageKey key;
  key.set_remote_jid(target.chat);
  key.set_from_me(target.from_me);
  key.set_id(target.id);
  if (!target.participant.empty()) key.set_participant(target.participant);
  return serialised(key);
}

std::string poll_update_bytes(const EncryptedAddOn& add_on, std::int64_t sent_at_ms) {
  proto::PollUpdateMessage update;
  update.set_poll_creation_message_key(base::to_string(key_bytes(add_on.target)));
  update.mutable_vote()->set_enc_payload(base::to_string(add_on.payload));
  update.mutable_vote()->set_enc_iv(base::to_string(add_on.iv));
  update.set_sender_timestamp_ms(sent_at_ms);
  return update.SerializeAsString();
}

std::string envelope_bytes(const EncryptedAddOn& add_on) {
  proto::EncryptedAddOnMessage wire;
  wire.set_target_message_key(base::to_string(key_bytes(add_on.target)));
  wire.set_enc_payload(base::to_string(add_on.payload));
  wire.set_enc_iv(base::to_string(add_on.iv));
  if (const std::int32_t type = secret_type_of(add_on.kind); type != 0) wire.set_secret_enc_type(type);
  return wire.SerializeAsString();
}

}  // namespace

Found find_add_on(ByteView bytes) {
  proto::Message message;
  if (!parse(message, bytes)) return fail(ErrorCode::kMalformed, "no message");
  if (message.has_poll_update_message()) return poll_update(message.poll_update_message());
  if (message.has_enc_reaction_message()) return envelope(AddOn::kReaction, message.enc_reaction_message());
  if (message.has_enc_comment_message()) return envelope(AddOn::kComment, message.enc_comment_message());
  if (message.has_enc_event_response_message())
    return envelope(AddOn::kEventResponse, message.enc_event_response_message());
  if (message.has_secret_encrypted_message())
    return envelope(std::nullopt, message.secret_encrypted_message());
  return std::nullopt;
}

Bytes build_add_on(const EncryptedAddOn& add_on, std::int64_t sent_at_ms) {
  proto::Message message;
  switch (add_on.kind) {
    case AddOn::kPollVote:
      message.set_poll_update_message(poll_update_bytes(add_on, sent_at_ms));
      break;
    case AddOn::kReaction:
      message.set_enc_reaction_message(envelope_bytes(add_on));
      break;
    case AddOn::kComment:
      message.set_enc_comment_message(envelope_bytes(add_on));
      break;
    case AddOn::kEventResponse:
      message.set_enc_event_response_message(envelope_bytes(add_on));
      break;
    case AddOn::kEventEdit:
    case AddOn::kMessageEdit:
    case AddOn::kPollEdit:
    case AddOn::kPollAddOption:
      message.set_secret_encrypted_message(envelope_bytes(add_on));
      break;
  }
  return serialised(message);
}

OptionHash option_hash(std::string_view name) { return crypto::sha256(base::as_bytes(name)); }

Bytes build_vote(std::span<const OptionHash> selected) {
  proto::PollVoteMessage vote;
  for (const OptionHash& hash : selected) vote.add_selected_options(hash.data(), hash.size());
  return serialised(vote);
}

Result<std::vector<OptionHash>> read_vote(ByteView plaintext) {
  proto::PollVoteMessage vote;
  if (!parse(vote, plaintext)) return fail(ErrorCode::kMalformed, "no poll vote");
  std::vector<OptionHash> out;
  for (const std::string& hash : vote.selected_options()) {
    if (hash.size() != OptionHash{}.size())
      return fail(ErrorCode::kMalformed, "poll vote with a hash of a wrong length");
    const auto read = base::to_fixed<32>(base::as_bytes(hash));
    if (std::ranges::find(out, read) == out.end()) out.push_back(read);
  }
  return out;
}

std::vector<std::string> selected_names(std::span<const OptionHash> selected,
                                        std::span<const std::string> options) {
  std::vector<std::string> out;
  for (const OptionHash& hash : selected) {
    const auto option =
        std::ranges::find_if(options, [&](const std::string& name) { return option_hash(name) == hash; });
    out.push_back(option == options.end() ? base::to_hex(hash) : *option);
  }
  return out;
}

Bytes build_event_response(const EventResponse& response) {
  proto::EventResponseMessage wire;
  wire.set_response(static_cast<std::int32_t>(response.answer));
  wire.set_timestamp_ms(response.timestamp_ms);
  wire.set_extra_guest_count(response.extra_guests);
  return serialised(wire);
}

Result<EventResponse> read_event_response(ByteView plaintext) {
  proto::EventResponseMessage wire;
  if (!parse(wire, plaintext)) return fail(ErrorCode::kMalformed, "no answer to an event");
  const bool known = wire.response() >= 0 && wire.response() <= 3;
  const auto answer = static_cast<EventResponse::Answer>(known ? wire.response() : 0);
  return EventResponse{answer, wire.timestamp_ms(), wire.extra_guest_count()};
}

}  // namespace whatsapp::message
