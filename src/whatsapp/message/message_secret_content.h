// Encrypted additions as they travel inside a Message, and the plaintexts of votes and of answers to events.
// (The other plaintexts are a ReactionMessage or a whole Message.) Spec 05 §5.7, §6.2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/message/message_secret.h"

namespace whatsapp::message {

/// The message that an addition belongs to, from its sender's point of view.
struct TargetKey {
  std::string chat;
  bool from_me = false;
  std::string id;
  std::string participant;  // author, in groups; may be empty
};

struct EncryptedAddOn {
  AddOn kind = AddOn::kPollVote;
  TargetKey target;
  base::Bytes iv;
  base::Bytes payload;
};

/// The addition inside an unwrapped, unpadded Message; none if it holds none, or one of a kind that is not
/// known. kMalformed for bytes that are no Message, or an addition without target, IV or payload.
base::Result<std::optional<EncryptedAddOn>> find_add_on(base::ByteView message);

/// A serialised Message (without messageContextInfo) that carries the addition. `sent_at_ms` is told in votes
/// only.
base::Bytes build_add_on(const EncryptedAddOn& add_on, std::int64_t sent_at_ms);

/// Names a poll option without telling it: SHA-256 of its UTF-8 text.
using OptionHash = base::FixedBytes<32>;
OptionHash option_hash(std::string_view name);

/// No options: the vote is withdrawn.
base::Bytes build_vote(std::span<const OptionHash> selected);
/// Each hash once, in order of appearance. kMalformed, also for a hash that is not 32 bytes.
base::Result<std::vector<OptionHash>> read_vote(base::ByteView plaintext);
/// The names of the selected options; a hash that none of the options has is given in hexadecimal (the
/// option may have been added later).
std::vector<std::string> selected_names(std::span<const OptionHash> selected,
                                        std::span<const std::string> options);

struct EventResponse {
  enum class Answer { kUnknown, kGoing, kNotGoing, kMaybe };
  Answer answer = Answer::kUnknown;
  std::int64_t timestamp_ms = 0;
  std::int32_t extra_guests = 0;
};

base::Bytes build_event_response(const EventResponse& response);
base::Result<EventResponse> read_event_response(base::ByteView plaintext);

}  // namespace whatsapp::message
