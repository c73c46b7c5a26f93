#include "whatsapp/pairing/device_identity.h"

#include "proto/pairing.pb.h"
#include "whatsapp/pairing/adv_prefix.h"
#include "whatsapp/pairing/proto_bytes.h"

namespace whatsapp::pairing {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;

Encryption from_proto(proto::ADVEncryptionType type) {
  return type == proto::HOSTED ? Encryption::kHosted : Encryption::kEndToEnd;
}

AdvPrefix account_prefix(Encryption device_type) {
  return device_type == Encryption::kHosted ? kHostedAccountPrefix : kAccountPrefix;
}

}  // namespace

base::Result<DeviceDetails> DeviceDetails::parse(ByteView bytes) {
  WA_TRY(const auto fields, parse_proto<proto::ADVDeviceIdentity>(bytes, "device identity"));
  DeviceDetails out;
  out.raw_id = fields.raw_id();
  out.timestamp = fields.timestamp();
  out.key_index = fields.key_index();
  out.account_type = from_proto(fields.account_type());
  out.device_type = from_proto(fields.device_type());
  return out;
}

Bytes DeviceDetails::encode() const {
  proto::ADVDeviceIdentity fields;
  fields.set_raw_id(raw_id);
  fields.set_timestamp(timestamp);
  fields.set_key_index(key_index);
  // Phones leave the defaults out.
  if (account_type == Encryption::kHosted) fields.set_account_type(proto::HOSTED);
  if (device_type == Encryption::kHosted) fields.set_device_type(proto::HOSTED);
  return serialize_proto(fields);
}

base::Result<SignedDeviceIdentity> SignedDeviceIdentity::parse(ByteView bytes) {
  const auto wrong = [](const char* what) { return base::fail(ErrorCode::kCrypto, what); };
  WA_TRY(const auto fields, parse_proto<proto::ADVSignedDeviceIdentity>(bytes, "signed device identity"));
  const auto account_signature = exactly<64>(fields.account_signature());
  if (!account_signature) return wrong("account signature of the wrong length");

  SignedDeviceIdentity out;
  out.details = base::to_bytes(fields.details());
  out.account_signature = *account_signature;
  if (fields.has_account_signature_key()) {
    out.account_signature_key = exactly<32>(fields.account_signature_key());
    if (!out.account_signature_key) return wrong("account signature key of the wrong length");
  }
  if (fields.has_device_signature()) {
    out.device_signature = exactly<64>(fields.device_signature());
    if (!out.device_signature) return wrong("device signature of the wrong length");
  }
  return out;
}

Bytes SignedDeviceIdentity::encode() const {
  proto::ADVSignedDeviceIdentity fields;
  set_bytes(fields.mutable_details(), details);
  if (account_signature_key) set_bytes(fields.mutable_account_signature_key(), *account_signature_key);
  set_bytes(fields.mutable_account_signature(), account_signature);
  if (device_signature) set_bytes(fields.mutable_device_signature(), *device_signature);
  return serialize_proto(fields);
}

crypto::Signature sign_as_account(const crypto::PrivateKey& account, Encryption device_type, ByteView details,
                                  const crypto::PublicKey& device_identity, base::Random& random) {
  const Bytes text = base::concat(account_prefix(device_type), details, device_identity);
  return crypto::xeddsa_sign(account, text, random);
}

bool verify_account_signature(const crypto::PublicKey& account, Encryption device_type, ByteView details,
                              const crypto::PublicKey& device_identity, ByteView signature) {
  const Bytes text = base::concat(account_prefix(device_type), details, device_identity);
  return crypto::xeddsa_verify(account, text, signature);
}

crypto::Signature sign_as_device(const crypto::KeyPair& device, ByteView details,
                                 const crypto::PublicKey& account, base::Random& random) {
  const Bytes text = base::concat(kDevicePrefix, details, device.public_key, account);
  return crypto::xeddsa_sign(device.private_key, text, random);
}

bool verify_device_signature(const crypto::PublicKey& device, Encryption device_type, ByteView details,
                             const crypto::PublicKey& account, ByteView signature) {
  if (crypto::xeddsa_verify(device, base::concat(kDevicePrefix, details, device, account), signature))
    return true;
  if (device_type != Encryption::kHosted) return false;
  return crypto::xeddsa_verify(device, base::concat(kHostedDevicePrefix, details, device, account),
                               signature);
}

bool verify_peer_device(ByteView device_identity, const crypto::PublicKey& device,
                        const std::optional<crypto::PublicKey>& primary_identity) {
  const auto identity = SignedDeviceIdentity::parse(device_identity);
  if (!identity || !identity->device_signature) return false;
  const auto details = DeviceDetails::parse(identity->details);
  const auto& account = identity->account_signature_key ? identity->account_signature_key : primary_identity;
  if (!details || !account) return false;
  return verify_account_signature(*account, details->device_type, identity->details, device,
                                  identity->account_signature) &&
         verify_device_signature(device, details->device_type, identity->details, *account,
                                 *identity->device_signature);
}

Bytes make_identity_container(const crypto::KeyPair& account, const DeviceDetails& details,
                              const crypto::PublicKey& companion_identity, const AdvSecret& secret,
                              base::Random& random) {
  SignedDeviceIdentity identity;
  identity.details = details.encode();
  identity.account_signature_key = account.public_key;
  identity.account_signature =
      sign_as_account(account.private_key, details.device_type, identity.details, companion_identity, random);
  const Bytes inner = identity.encode();

  proto::ADVSignedDeviceIdentityHMAC fields;
  set_bytes(fields.mutable_details(), inner);
  set_bytes(fields.mutable_hmac(), container_hmac(secret, details.account_type, inner));
  if (details.account_type == Encryption::kHosted) fields.set_account_type(proto::HOSTED);
  return serialize_proto(fields);
}

base::Result<SignedDeviceIdentity> check_signed_reply(ByteView reply, ByteView container,
                                                      const crypto::PublicKey& account,
                                                      const crypto::PublicKey& companion_identity) {
  const auto wrong = [](const char* what) { return base::fail(ErrorCode::kCrypto, what); };
  WA_TRY(const auto outer, parse_proto<proto::ADVSignedDeviceIdentityHMAC>(container, "identity container"));
  WA_TRY(const auto sent, SignedDeviceIdentity::parse(base::as_bytes(outer.details())));
  WA_TRY(const auto details, DeviceDetails::parse(sent.details));
  WA_TRY(auto received, SignedDeviceIdentity::parse(reply));
  if (received.details != sent.details) return wrong("the reply has other details");
  if (received.account_signature != sent.account_signature)
    return wrong("the reply has another account signature");
  if (received.account_signature_key) return wrong("the reply carries the account signature key");
  if (!received.device_signature) return wrong("the reply has no device signature");
  if (!verify_device_signature(companion_identity, details.device_type, received.details, account,
                               *received.device_signature))
    return wrong("the device signature is wrong");
  return received;
}

}  // namespace whatsapp::pairing
