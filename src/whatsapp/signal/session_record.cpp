#include "whatsapp/signal/session_record.h"

#include <algorithm>

#include "proto/signal.pb.h"
#include "whatsapp/signal/proto_bytes.h"
#include "whatsapp/signal/session_codec.h"

namespace whatsapp::signal {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;

void wipe_all(proto::SessionRecordStructure& fields) {
  wipe(fields.mutable_current_session());
  for (std::string& state : *fields.mutable_previous_sessions()) wipe(&state);
}

}  // namespace

SessionRecord::SessionRecord(std::optional<SessionState> current, const std::vector<SessionState>& archived)
    : current_(std::move(current)) {
  for (const SessionState& state : archived) archive_back(state);
}

base::Result<SessionRecord> SessionRecord::parse(ByteView bytes) {
  proto::SessionRecordStructure fields;
  if (!parse_proto(fields, bytes)) return base::fail(ErrorCode::kCorrupt, "session record does not decode");
  SessionRecord out;
  bool current_is_good = true;
  if (fields.has_current_session()) {
    out.current_ = decode_session_state(base::as_bytes(fields.current_session()));
    current_is_good = out.current_.has_value();
  }
  for (const std::string& state : fields.previous_sessions()) {
    if (out.archived_.size() == kMaxArchivedStates) break;
    out.archived_.emplace_back(base::to_bytes(state));
  }
  wipe_all(fields);
  if (!current_is_good) return base::fail(ErrorCode::kCorrupt, "session state with a key out of form");
  return out;
}

Bytes SessionRecord::serialize() const {
  proto::SessionRecordStructure fields;
  if (current_) set_bytes(fields.mutable_current_session(), encode_session_state(*current_).view());
  for (const SecretBuffer& state : archived_) set_bytes(fields.add_previous_sessions(), state.view());
  Bytes out = serialize_proto(fields);
  wipe_all(fields);
  return out;
}

std::optional<SessionState> SessionRecord::archived(std::size_t position) const {
  return decode_session_state(archived_.at(position).view());
}

bool SessionRecord::can_encrypt(const std::optional<crypto::PublicKey>& stored_identity) const {
  if (!current_ || !current_->sender) return false;
  return !stored_identity || *stored_identity == current_->remote_identity;
}

std::optional<crypto::PublicKey> SessionRecord::base_key() const {
  if (!current_) return std::nullopt;
  return current_->base_key;
}

std::uint32_t SessionRecord::remote_registration_id() const {
  return current_ ? current_->remote_registration_id : 0;
}

void SessionRecord::install(SessionState state) {
  archive_current();
  current_ = std::move(state);
}

void SessionRecord::archive_current() {
  if (!current_) return;
  // Whoever finds this state again did not begin with it just now: nothing to announce any more.
  current_->pending.reset();
  archived_.insert(archived_.begin(), encode_session_state(*current_));
  if (archived_.size() > kMaxArchivedStates) archived_.pop_back();
  current_.reset();
}

void SessionRecord::replace_archived(std::size_t position, const SessionState& state) {
  archived_.at(position) = encode_session_state(state);
}

void SessionRecord::promote(std::size_t position, SessionState state) {
  archived_.erase(archived_.begin() + static_cast<std::ptrdiff_t>(position));
  install(std::move(state));
}

void SessionRecord::absorb(const SessionRecord& other) {
  if (const SessionState* theirs = other.current(); theirs && !has_state(theirs->base_key)) {
    if (current_)
      archive_back(*theirs);
    else
      current_ = *theirs;
  }
  for (std::size_t i = 0; i < other.archived_count(); ++i) {
    auto state = other.archived(i);
    if (state && !has_state(state->base_key)) archive_back(std::move(*state));
  }
}

void SessionRecord::archive_back(SessionState state) {
  if (archived_.size() >= kMaxArchivedStates) return;
  state.pending.reset();
  archived_.push_back(encode_session_state(state));
}

bool SessionRecord::has_state(const crypto::PublicKey& base_key) const {
  if (current_ && current_->base_key == base_key) return true;
  return std::any_of(archived_.begin(), archived_.end(), [&](const SecretBuffer& bytes) {
    const auto state = decode_session_state(bytes.view());
    return state && state->base_key == base_key;
  });
}

}  // namespace whatsapp::signal
