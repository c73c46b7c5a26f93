#include "whatsapp/signal/session_codec.h"

#include "proto/signal.pb.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/proto_bytes.h"

namespace whatsapp::signal {
namespace {

using base::ByteView;
using base::Secret;

constexpr std::uint32_t kSessionVersion = 3;

/// A decoded structure whose keys are wiped when we are done with it.
class WipedStructure {
 public:
  WipedStructure() = default;
  WipedStructure(const WipedStructure&) = delete;
  WipedStructure& operator=(const WipedStructure&) = delete;
  ~WipedStructure() {
    wipe(fields.mutable_root_key());
    wipe_chain(*fields.mutable_sender_chain());
    for (auto& chain : *fields.mutable_receiver_chains()) wipe_chain(chain);
  }

  proto::SessionStructure fields;

 private:
  static void wipe_chain(proto::ChainStructure& chain) {
    wipe(chain.mutable_ratchet_private_key());
    wipe(chain.mutable_chain_key()->mutable_key());
    wipe(chain.mutable_skipped());
  }
};

std::optional<Secret<32>> secret_of(const std::string& field) {
  if (field.size() != 32) return std::nullopt;
  return Secret<32>{base::to_fixed<32>(base::as_bytes(field))};
}

void encode_sender(const SenderChain& sender, proto::ChainStructure& out) {
  set_bytes(out.mutable_ratchet_key(), to_wire_key(sender.ratchet.public_key));
  set_bytes(out.mutable_ratchet_private_key(), sender.ratchet.private_key.view());
  out.mutable_chain_key()->set_index(sender.chain.index);
  set_bytes(out.mutable_chain_key()->mutable_key(), sender.chain.key.view());
}

std::optional<SenderChain> decode_sender(const proto::ChainStructure& chain) {
  const auto ratchet = parse_wire_key(base::as_bytes(chain.ratchet_key()));
  const auto private_key = secret_of(chain.ratchet_private_key());
  const auto key = secret_of(chain.chain_key().key());
  if (!ratchet || !private_key || !key) return std::nullopt;
  return SenderChain{{*private_key, *ratchet}, {chain.chain_key().index(), *key}};
}

void encode_receiver(const ReceiverChain& receiver, proto::ChainStructure& out) {
  set_bytes(out.mutable_ratchet_key(), to_wire_key(receiver.ratchet));
  out.mutable_chain_key()->set_index(receiver.index);
  if (receiver.key) set_bytes(out.mutable_chain_key()->mutable_key(), receiver.key->view());
  if (receiver.skipped.empty()) return;
  const SecretBuffer packed{receiver.skipped.pack()};
  set_bytes(out.mutable_skipped(), packed.view());
}

std::optional<ReceiverChain> decode_receiver(const proto::ChainStructure& chain) {
  const auto ratchet = parse_wire_key(base::as_bytes(chain.ratchet_key()));
  auto skipped = SkippedKeys::unpack(base::as_bytes(chain.skipped()));
  if (!ratchet || !skipped) return std::nullopt;
  ReceiverChain out{*ratchet, chain.chain_key().index(), std::nullopt, std::move(*skipped)};
  if (chain.chain_key().has_key()) {
    out.key = secret_of(chain.chain_key().key());
    if (!out.key) return std::nullopt;
  }
  return out;
}

void encode_pending(const PendingPreKey& pending, proto::PendingPreKeyStructure& out) {
  if (pending.pre_key_id) out.set_pre_key_id(*pending.pre_key_id);
  out.set_signed_pre_key_id(pending.signed_pre_key_id);
  set_bytes(out.mutable_base_key(), to_wire_key(pending.base_key));
}

std::optional<PendingPreKey> decode_pending(const proto::PendingPreKeyStructure& pending) {
  const auto base_key = parse_wire_key(base::as_bytes(pending.base_key()));
  if (!base_key) return std::nullopt;
  PendingPreKey out{std::nullopt, pending.signed_pre_key_id(), *base_key};
  if (pending.has_pre_key_id()) out.pre_key_id = pending.pre_key_id();
  return out;
}

/// The parts that every state has; absent if one of them is out of form.
std::optional<SessionState> decode_fixed_parts(const proto::SessionStructure& fields) {
  const auto local = parse_wire_key(base::as_bytes(fields.local_identity()));
  const auto remote = parse_wire_key(base::as_bytes(fields.remote_identity()));
  const auto base_key = parse_wire_key(base::as_bytes(fields.alice_base_key()));
  const auto root = secret_of(fields.root_key());
  if (fields.session_version() != kSessionVersion || !local || !remote || !base_key || !root)
    return std::nullopt;
  SessionState out;
  out.local_identity = *local;
  out.remote_identity = *remote;
  out.root_key = *root;
  out.base_key = *base_key;
  out.previous_counter = fields.previous_counter();
  out.remote_registration_id = fields.remote_registration_id();
  out.local_registration_id = fields.local_registration_id();
  return out;
}

}  // namespace

SecretBuffer encode_session_state(const SessionState& state) {
  WipedStructure structure;
  proto::SessionStructure& fields = structure.fields;
  fields.set_session_version(kSessionVersion);
  set_bytes(fields.mutable_local_identity(), to_wire_key(state.local_identity));
  set_bytes(fields.mutable_remote_identity(), to_wire_key(state.remote_identity));
  set_bytes(fields.mutable_root_key(), state.root_key.view());
  fields.set_previous_counter(state.previous_counter);
  if (state.sender) encode_sender(*state.sender, *fields.mutable_sender_chain());
  for (const ReceiverChain& receiver : state.receivers)
    encode_receiver(receiver, *fields.add_receiver_chains());
  if (state.pending) encode_pending(*state.pending, *fields.mutable_pending_pre_key());
  fields.set_remote_registration_id(state.remote_registration_id);
  fields.set_local_registration_id(state.local_registration_id);
  set_bytes(fields.mutable_alice_base_key(), to_wire_key(state.base_key));
  return SecretBuffer{serialize_proto(fields)};
}

std::optional<SessionState> decode_session_state(ByteView bytes) {
  WipedStructure structure;
  const proto::SessionStructure& fields = structure.fields;
  if (!parse_proto(structure.fields, bytes)) return std::nullopt;
  auto out = decode_fixed_parts(fields);
  if (!out || fields.receiver_chains().size() > static_cast<int>(kMaxReceiverChains)) return std::nullopt;
  if (fields.has_sender_chain()) {
    out->sender = decode_sender(fields.sender_chain());
    if (!out->sender) return std::nullopt;
  }
  for (const auto& chain : fields.receiver_chains()) {
    auto receiver = decode_receiver(chain);
    if (!receiver) return std::nullopt;
    out->receivers.push_back(std::move(*receiver));
  }
  if (fields.has_pending_pre_key()) {
    out->pending = decode_pending(fields.pending_pre_key());
    if (!out->pending) return std::nullopt;
  }
  return out;
}

}  // namespace whatsapp::signal
