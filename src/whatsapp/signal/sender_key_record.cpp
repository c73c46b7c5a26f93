#include "whatsapp/signal/sender_key_record.h"

#include <algorithm>

#include "proto/signal.pb.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/proto_bytes.h"
#include "whatsapp/signal/secret_buffer.h"

namespace whatsapp::signal {
namespace {

using base::Bytes;
using base::ByteView;
using base::Secret;

void wipe_all(proto::SenderKeyRecordStructure& fields) {
  for (auto& state : *fields.mutable_states()) {
    wipe(state.mutable_chain_key());
    wipe(state.mutable_signing_private());
    wipe(state.mutable_skipped());
  }
}

void encode_state(const SenderKeyState& state, proto::SenderKeyStateStructure& out) {
  out.set_id(state.id);
  out.set_iteration(state.chain.index);
  set_bytes(out.mutable_chain_key(), state.chain.key.view());
  set_bytes(out.mutable_signing_key(), to_wire_key(state.signing_key));
  if (state.signing_private) set_bytes(out.mutable_signing_private(), state.signing_private->view());
  out.set_start_iteration(state.start_iteration);
  if (state.skipped.empty()) return;
  const SecretBuffer packed{state.skipped.pack()};
  set_bytes(out.mutable_skipped(), packed.view());
}

std::optional<SenderKeyState> decode_state(const proto::SenderKeyStateStructure& fields) {
  const auto signing_key = parse_wire_key(base::as_bytes(fields.signing_key()));
  auto skipped = SkippedKeys::unpack(base::as_bytes(fields.skipped()));
  if (!signing_key || !skipped || fields.chain_key().size() != 32) return std::nullopt;
  if (fields.has_signing_private() && fields.signing_private().size() != 32) return std::nullopt;

  SenderKeyState out;
  out.id = fields.id();
  out.chain = {fields.iteration(), Secret<32>{base::to_fixed<32>(base::as_bytes(fields.chain_key()))}};
  out.signing_key = *signing_key;
  if (fields.has_signing_private())
    out.signing_private = Secret<32>{base::to_fixed<32>(base::as_bytes(fields.signing_private()))};
  out.start_iteration = fields.start_iteration();
  out.skipped = std::move(*skipped);
  return out;
}

void add_below(SkippedKeys& out, const SkippedKeys& keys, std::uint32_t limit) {
  for (const auto& entry : keys.entries())
    if (entry.index < limit) out.add(entry.index, entry.seed);
}

/// Both chains of one key. What either can still read stays readable; what either has sent is not sent again.
void unite(SenderKeyState& ours, const SenderKeyState& theirs) {
  if (!ours.signing_private) ours.signing_private = theirs.signing_private;
  const bool theirs_leads =
      ours.signing_private ? theirs.chain.index > ours.chain.index : theirs.chain.index < ours.chain.index;
  if (theirs_leads) ours.chain = theirs.chain;
  ours.start_iteration = std::min(ours.start_iteration, theirs.start_iteration);
  SkippedKeys skipped;
  add_below(skipped, ours.skipped, ours.chain.index);
  add_below(skipped, theirs.skipped, ours.chain.index);
  ours.skipped = std::move(skipped);
}

}  // namespace

SenderKeyRecord::SenderKeyRecord(std::vector<SenderKeyState> states) : states_(std::move(states)) {
  if (states_.size() > kMaxSenderKeyStates)
    states_.erase(states_.begin() + static_cast<std::ptrdiff_t>(kMaxSenderKeyStates), states_.end());
}

base::Result<SenderKeyRecord> SenderKeyRecord::parse(ByteView bytes) {
  const auto corrupt = [](const char* what) { return base::fail(base::ErrorCode::kCorrupt, what); };
  proto::SenderKeyRecordStructure fields;
  if (!parse_proto(fields, bytes)) return corrupt("sender key record does not decode");
  std::vector<SenderKeyState> states;
  for (const auto& state : fields.states()) {
    auto decoded = decode_state(state);
    if (decoded) states.push_back(std::move(*decoded));
  }
  const bool all_good = states.size() == static_cast<std::size_t>(fields.states().size());
  wipe_all(fields);
  if (!all_good) return corrupt("sender key with a key out of form");
  return SenderKeyRecord{std::move(states)};
}

Bytes SenderKeyRecord::serialize() const {
  proto::SenderKeyRecordStructure fields;
  for (const SenderKeyState& state : states_) encode_state(state, *fields.add_states());
  Bytes out = serialize_proto(fields);
  wipe_all(fields);
  return out;
}

const SenderKeyState* SenderKeyRecord::own() const {
  return !states_.empty() && states_.front().signing_private ? &states_.front() : nullptr;
}

SenderKeyState* SenderKeyRecord::mutable_own() {
  return !states_.empty() && states_.front().signing_private ? &states_.front() : nullptr;
}

const SenderKeyState* SenderKeyRecord::find(std::uint32_t id) const {
  const auto at = std::ranges::find(states_, id, &SenderKeyState::id);
  return at == states_.end() ? nullptr : &*at;
}

SenderKeyState* SenderKeyRecord::find_mutable(std::uint32_t id) {
  const auto at = std::ranges::find(states_, id, &SenderKeyState::id);
  return at == states_.end() ? nullptr : &*at;
}

void SenderKeyRecord::insert(SenderKeyState state) {
  states_.insert(states_.begin(), std::move(state));
  if (states_.size() > kMaxSenderKeyStates) states_.pop_back();
}

void SenderKeyRecord::move_to_front(std::uint32_t id) {
  const auto at = std::ranges::find(states_, id, &SenderKeyState::id);
  if (at != states_.end()) std::rotate(states_.begin(), at, at + 1);
}

void SenderKeyRecord::erase(std::uint32_t id) {
  std::erase_if(states_, [id](const SenderKeyState& state) { return state.id == id; });
}

void SenderKeyRecord::absorb(const SenderKeyRecord& other) {
  for (const SenderKeyState& theirs : other.states_) {
    SenderKeyState* ours = find_mutable(theirs.id);
    if (ours == nullptr) {
      if (states_.size() < kMaxSenderKeyStates) states_.push_back(theirs);
    } else if (ours->signing_key == theirs.signing_key) {
      unite(*ours, theirs);
    }
  }
}

}  // namespace whatsapp::signal
