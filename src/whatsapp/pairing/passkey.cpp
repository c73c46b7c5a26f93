#include "whatsapp/pairing/passkey.h"

#include "crypto/aes.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "proto/pairing.pb.h"
#include "whatsapp/pairing/pairing_code.h"
#include "whatsapp/pairing/proto_bytes.h"

namespace whatsapp::pairing {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::FixedBytes;
using base::Result;
using base::Secret;

Secret<32> request_key(const Secret<32>& shared, int device_type, std::string_view ref) {
  const std::string salt =
      "Companion Pairing " + std::to_string(device_type) + " with ref " + std::string{ref};
  return crypto::hkdf_sha256<32>(shared.view(), base::as_bytes(salt), "Pairing Information Encryption Key");
}

std::string code_of(const FixedBytes<32>& primary_nonce, const FixedBytes<32>& companion_nonce,
                    const crypto::PublicKey& primary) {
  const auto hash = crypto::sha256(companion_nonce, primary);
  FixedBytes<5> bits{};
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = static_cast<std::uint8_t>(primary_nonce[i] ^ hash[i]);
  return encode_code(bits);
}

}  // namespace

Secret<32> passkey_handoff_key(const AdvSecret& adv_secret) {
  return crypto::hkdf_sha256<32>(adv_secret.view(), {}, "shortcake-passkey-handoff-v1");
}

PasskeyPrologue make_prologue(int device_type, std::string_view ref, base::Random& random) {
  PasskeyPrologue out;
  out.ephemeral = crypto::generate_key_pair(random);
  out.nonce = random.bytes<32>();
  out.device_type = device_type;
  out.ref = ref;
  proto::CompanionEphemeralIdentity identity;
  set_bytes(identity.mutable_public_key(), out.ephemeral.public_key);
  identity.set_device_type(static_cast<proto::DeviceProps::PlatformType>(device_type));
  identity.set_ref(out.ref);
  const Bytes identity_bytes = serialize_proto(identity);
  proto::ProloguePayload payload;
  set_bytes(payload.mutable_companion_ephemeral_identity(), identity_bytes);
  set_bytes(payload.mutable_commitment()->mutable_hash(), crypto::sha256(identity_bytes, out.nonce));
  out.payload = serialize_proto(payload);
  return out;
}

FixedBytes<32> handoff_proof(const Secret<32>& handoff_key, ByteView prologue_payload) {
  return crypto::hmac_sha256(handoff_key.view(), prologue_payload);
}

Result<PrimaryEphemeral> read_primary_ephemeral(ByteView bytes) {
  WA_TRY(const auto fields,
         parse_proto<proto::PrimaryEphemeralIdentity>(bytes, "primary ephemeral identity"));
  const auto key = exactly<32>(fields.public_key());
  const auto nonce = exactly<32>(fields.nonce());
  if (!key || !nonce) return fail(ErrorCode::kMalformed, "primary ephemeral identity of a wrong length");
  return PrimaryEphemeral{*key, *nonce};
}

Result<PasskeyAgreement> agree_with_primary(const PasskeyPrologue& prologue,
                                            const PrimaryEphemeral& primary) {
  WA_TRY(const auto shared, crypto::agree(prologue.ephemeral.private_key, primary.public_key));
  return PasskeyAgreement{request_key(shared, prologue.device_type, prologue.ref),
                          code_of(primary.nonce, prologue.nonce, primary.public_key)};
}

Bytes encrypt_pairing_request(const Secret<32>& key, const crypto::PublicKey& noise,
                              const crypto::PublicKey& identity, const AdvSecret& adv_secret,
                              base::Random& random) {
  proto::PairingRequest request;
  set_bytes(request.mutable_companion_public_key(), noise);
  set_bytes(request.mutable_companion_identity_key(), identity);
  set_bytes(request.mutable_adv_secret(), adv_secret.view());
  const auto iv = random.bytes<12>();
  Bytes plaintext = serialize_proto(request);
  proto::EncryptedPairingRequest sealed;
  set_bytes(sealed.mutable_encrypted_payload(), crypto::aes256_gcm_seal(key.bytes(), iv, {}, plaintext));
  set_bytes(sealed.mutable_iv(), iv);
  sodium_memzero(plaintext.data(), plaintext.size());
  return serialize_proto(sealed);
}

// ---- the phone's side ------------------------------------------------------------------------------

Result<CompanionPrologue> CompanionPrologue::parse(ByteView payload) {
  WA_TRY(const auto fields, parse_proto<proto::ProloguePayload>(payload, "prologue payload"));
  const ByteView identity_bytes = base::as_bytes(fields.companion_ephemeral_identity());
  WA_TRY(const auto identity,
         parse_proto<proto::CompanionEphemeralIdentity>(identity_bytes, "companion ephemeral identity"));
  const auto key = exactly<32>(identity.public_key());
  const auto hash = exactly<32>(fields.commitment().hash());
  if (!key || !hash)
    return fail(ErrorCode::kMalformed, "prologue payload with a key or hash of a wrong length");
  return CompanionPrologue{base::to_bytes(identity_bytes), *key, static_cast<int>(identity.device_type()),
                           identity.ref(), *hash};
}

bool CompanionPrologue::matches(ByteView nonce) const {
  return crypto::equal_constant_time(crypto::sha256(identity, nonce), commitment);
}

Bytes write_primary_ephemeral(const PrimaryEphemeral& primary) {
  proto::PrimaryEphemeralIdentity fields;
  set_bytes(fields.mutable_public_key(), primary.public_key);
  set_bytes(fields.mutable_nonce(), primary.nonce);
  return serialize_proto(fields);
}

Result<PasskeyAgreement> agree_with_companion(const CompanionPrologue& companion,
                                              const FixedBytes<32>& companion_nonce,
                                              const crypto::KeyPair& ephemeral, const FixedBytes<32>& nonce) {
  WA_TRY(const auto shared, crypto::agree(ephemeral.private_key, companion.public_key));
  return PasskeyAgreement{request_key(shared, companion.device_type, companion.ref),
                          code_of(nonce, companion_nonce, ephemeral.public_key)};
}

Result<CompanionKeys> open_pairing_request(const Secret<32>& key, ByteView request) {
  WA_TRY(const auto sealed,
         parse_proto<proto::EncryptedPairingRequest>(request, "encrypted pairing request"));
  const auto iv = exactly<12>(sealed.iv());
  if (!iv) return fail(ErrorCode::kMalformed, "encrypted pairing request with an iv of a wrong length");
  WA_TRY(const Bytes opened,
         crypto::aes256_gcm_open(key.bytes(), *iv, {}, base::as_bytes(sealed.encrypted_payload())));
  WA_TRY(const auto fields, parse_proto<proto::PairingRequest>(opened, "pairing request"));
  const auto noise = exactly<32>(fields.companion_public_key());
  const auto identity = exactly<32>(fields.companion_identity_key());
  const auto secret = exactly<32>(fields.adv_secret());
  if (!noise || !identity || !secret)
    return fail(ErrorCode::kMalformed, "pairing request with a key of a wrong length");
  return CompanionKeys{*noise, *identity, AdvSecret{*secret}};
}

}  // namespace whatsapp::pairing
