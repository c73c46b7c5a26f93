#include "whatsapp/pairing/pair_success.h"

#include "crypto/hmac.h"
#include "proto/pairing.pb.h"
#include "whatsapp/pairing/adv_prefix.h"
#include "whatsapp/pairing/proto_bytes.h"

namespace whatsapp::pairing {
namespace {

using base::Bytes;
using base::ByteView;

std::unexpected<PairRefusal> refuse(PairRefusal::Code code, std::string reason) {
  return std::unexpected(PairRefusal{code, std::move(reason)});
}
std::unexpected<PairRefusal> not_authorized(std::string reason) {
  return refuse(PairRefusal::Code::kNotAuthorized, std::move(reason));
}
std::unexpected<PairRefusal> internal_error(std::string reason) {
  return refuse(PairRefusal::Code::kInternalError, std::move(reason));
}

/// Wrong lengths of keys and signatures count as wrong signatures; what does not decode does not.
std::unexpected<PairRefusal> refuse(base::Error error) {
  const bool forged = error.code == base::ErrorCode::kCrypto;
  return forged ? not_authorized(std::move(error.message)) : internal_error(std::move(error.message));
}

/// The signed identity inside, once its HMAC shows that it comes from the phone that linked us.
std::expected<Bytes, PairRefusal> open_container(ByteView container, const AdvSecret& secret) {
  if (container.empty() || container.size() > kMaxIdentityContainer)
    return internal_error("identity container of an impossible size");
  auto fields = parse_proto<proto::ADVSignedDeviceIdentityHMAC>(container, "identity container");
  if (!fields) return refuse(std::move(fields).error());
  Bytes inner = base::to_bytes(fields->details());
  const Encryption account_type =
      fields->account_type() == proto::HOSTED ? Encryption::kHosted : Encryption::kEndToEnd;
  const auto expected = container_hmac(secret, account_type, inner);
  if (!crypto::equal_constant_time(expected, base::as_bytes(fields->hmac())))
    return not_authorized("HMAC mismatch: not made with the secret that was shown");
  return inner;
}

}  // namespace

std::string_view PairRefusal::text() const {
  return code == Code::kNotAuthorized ? "not-authorized" : "internal-error";
}

std::expected<LinkedIdentity, PairRefusal> accept_pair_success(
    ByteView container, const AdvSecret& secret, const crypto::KeyPair& identity,
    const std::optional<crypto::PublicKey>& expected_primary, base::Random& random) {
  WA_TRY(const Bytes inner, open_container(container, secret));
  auto signed_identity = SignedDeviceIdentity::parse(inner);
  if (!signed_identity) return refuse(std::move(signed_identity).error());
  auto details = DeviceDetails::parse(signed_identity->details);
  if (!details) return refuse(std::move(details).error());

  if (!signed_identity->account_signature_key) return not_authorized("no account signature key");
  const crypto::PublicKey account = *signed_identity->account_signature_key;
  if (expected_primary && *expected_primary != account)
    return not_authorized("signed by another phone than the one that took the code");
  if (!verify_account_signature(account, details->device_type, signed_identity->details, identity.public_key,
                                signed_identity->account_signature))
    return not_authorized("account signature mismatch");

  LinkedIdentity out;
  out.details = *details;
  out.account_signature_key = account;
  signed_identity->device_signature = sign_as_device(identity, signed_identity->details, account, random);
  out.stored = signed_identity->encode();
  signed_identity->account_signature_key.reset();
  out.reply = signed_identity->encode();
  return out;
}

}  // namespace whatsapp::pairing
