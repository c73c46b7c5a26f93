#include "whatsapp/signal/wire_message.h"

#include "crypto/hmac.h"
#include "proto/signal.pb.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/proto_bytes.h"

namespace whatsapp::signal {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::size_t kCipherBlock = 16;

std::unexpected<DecryptError> invalid_message() { return std::unexpected(DecryptError::kInvalidMessage); }
std::unexpected<DecryptError> invalid_key() { return std::unexpected(DecryptError::kInvalidKey); }

}  // namespace

bool has_current_version(ByteView wire) { return !wire.empty() && wire[0] >> 4 == kVersionByte >> 4; }

std::expected<SignalMessage, DecryptError> SignalMessage::parse(ByteView wire) {
  if (wire.size() <= 1 + kMacSize || !has_current_version(wire)) return invalid_message();
  const ByteView authenticated = wire.first(wire.size() - kMacSize);
  proto::SignalMessage fields;
  if (!parse_proto(fields, authenticated.subspan(1))) return invalid_message();
  if (!fields.has_ratchet_key() || !fields.has_counter() || !fields.has_ciphertext())
    return invalid_message();
  if (fields.ciphertext().empty() || fields.ciphertext().size() % kCipherBlock != 0) return invalid_message();
  const auto ratchet_key = parse_wire_key(base::as_bytes(fields.ratchet_key()));
  if (!ratchet_key) return invalid_key();

  SignalMessage out;
  out.ratchet_key = *ratchet_key;
  out.counter = fields.counter();
  out.ciphertext = base::to_bytes(fields.ciphertext());
  out.authenticated = base::to_bytes(authenticated);
  out.mac = base::to_fixed<kMacSize>(wire.last(kMacSize));
  return out;
}

base::FixedBytes<kMacSize> message_mac(const base::Secret<32>& mac_key, const crypto::PublicKey& sender,
                                       const crypto::PublicKey& receiver, ByteView authenticated) {
  const auto full =
      crypto::hmac_sha256(mac_key.view(), to_wire_key(sender), to_wire_key(receiver), authenticated);
  return base::to_fixed<kMacSize>(full);
}

Bytes encode_signal_message(const crypto::PublicKey& ratchet_key, std::uint32_t counter,
                            std::uint32_t previous_counter, ByteView ciphertext) {
  proto::SignalMessage fields;
  set_bytes(fields.mutable_ratchet_key(), to_wire_key(ratchet_key));
  fields.set_counter(counter);
  fields.set_previous_counter(previous_counter);
  set_bytes(fields.mutable_ciphertext(), ciphertext);
  return serialize_proto(fields, base::FixedBytes<1>{kVersionByte});
}

std::expected<PreKeySignalMessage, DecryptError> PreKeySignalMessage::parse(ByteView wire) {
  if (wire.size() < 2 || !has_current_version(wire)) return invalid_message();
  proto::PreKeySignalMessage fields;
  if (!parse_proto(fields, wire.subspan(1))) return invalid_message();
  if (!fields.has_base_key() || !fields.has_identity_key() || !fields.has_message() ||
      !fields.has_signed_pre_key_id())
    return invalid_message();
  const auto base_key = parse_wire_key(base::as_bytes(fields.base_key()));
  const auto identity_key = parse_wire_key(base::as_bytes(fields.identity_key()));
  if (!base_key || !identity_key) return invalid_key();

  PreKeySignalMessage out;
  if (fields.pre_key_id() != 0) out.pre_key_id = fields.pre_key_id();
  out.signed_pre_key_id = fields.signed_pre_key_id();
  out.base_key = *base_key;
  out.identity_key = *identity_key;
  out.registration_id = fields.registration_id();
  out.message = base::to_bytes(fields.message());
  return out;
}

Bytes PreKeySignalMessage::encode() const {
  proto::PreKeySignalMessage fields;
  if (pre_key_id) fields.set_pre_key_id(*pre_key_id);
  set_bytes(fields.mutable_base_key(), to_wire_key(base_key));
  set_bytes(fields.mutable_identity_key(), to_wire_key(identity_key));
  set_bytes(fields.mutable_message(), message);
  fields.set_registration_id(registration_id);
  fields.set_signed_pre_key_id(signed_pre_key_id);
  return serialize_proto(fields, base::FixedBytes<1>{kVersionByte});
}

}  // namespace whatsapp::signal
