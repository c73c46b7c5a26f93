#include "importers/baileys_creds.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "importers/baileys_json.h"
#include "whatsapp/pairing/device_identity.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;
using whatsapp::pairing::DeviceDetails;
using whatsapp::pairing::Encryption;
using whatsapp::pairing::SignedDeviceIdentity;

constexpr std::int64_t kMaxKeyId = whatsapp::signal::kMaxPreKeyId;
constexpr std::int64_t kMaxRegistration = 0x7FFF'FFFF;
constexpr std::size_t kMaxDetails = 4096;
constexpr std::size_t kMaxRoutingInfo = 1024;
constexpr std::size_t kMaxName = 512;

std::unexpected<base::Error> in_creds(base::Error error) {
  return std::unexpected(std::move(error).within("creds.json"));
}
std::unexpected<base::Error> refused(ErrorCode code, std::string why) {
  return fail(code, "creds.json: " + std::move(why));
}

Result<crypto::KeyPair> read_key_pair(const Json& pair, const char* name) {
  auto private_key = read_fixed<32>(member(pair, "private"), std::string{name} + ".private");
  if (!private_key) return in_creds(private_key.error());
  auto public_key = read_fixed<32>(member(pair, "public"), std::string{name} + ".public");
  if (!public_key) return in_creds(public_key.error());
  crypto::KeyPair keys = crypto::key_pair_of(*private_key);
  if (keys.public_key != *public_key)
    return refused(ErrorCode::kCrypto,
                   std::string{name} + ": the private and the public key do not belong together");
  return keys;
}

Result<void> read_signed_pre_key(const Json& creds, whatsapp::store::DeviceCredentials& device) {
  const Json& json = member(creds, "signedPreKey");
  auto& key = device.signed_pre_key;
  WA_TRY(key.keys, read_key_pair(member(json, "keyPair"), "signedPreKey"));
  auto signature = read_fixed<64>(member(json, "signature"), "signedPreKey.signature");
  if (!signature) return in_creds(signature.error());
  key.signature = *signature;
  const auto id = read_integer(member(json, "keyId"), 0, kMaxKeyId);
  if (!id) return refused(ErrorCode::kMalformed, "signedPreKey.keyId is not a key id");
  key.id = static_cast<std::uint32_t>(*id);
  const auto made = read_integer(member(json, "timestampS"));
  if (made) key.created_at = *made;
  if (!whatsapp::signal::verify_signed_pre_key(device.identity.public_key, key.keys.public_key,
                                               key.signature))
    return refused(ErrorCode::kCrypto, "the signed pre-key is not signed by this device's identity");
  return {};
}

bool has_account(const Json& creds) { return member(creds, "account").is_object(); }

/// Own address with a device, or nothing.
std::optional<Jid> own_jid(const Json& creds) {
  const auto jid = Jid::parse(read_text(member(member(creds, "me"), "id")));
  if (!jid || jid->device() == 0) return std::nullopt;
  return *jid;
}

Result<void> check_own_jid(const Jid& jid) {
  const bool digits = std::ranges::all_of(jid.user(), [](char c) { return c >= '0' && c <= '9'; });
  if (jid.server() != Server::kUser || jid.user().empty() || !digits)
    return refused(ErrorCode::kMalformed, "me.id is not a phone number's address");
  return {};
}

Result<SignedDeviceIdentity> read_account(const Json& creds) {
  const Json& json = member(creds, "account");
  SignedDeviceIdentity account;
  auto details = read_bytes(member(json, "details"));
  if (!details || details->size() > kMaxDetails || details->empty())
    return refused(ErrorCode::kMalformed, "account.details is missing or not bytes");
  account.details = *std::move(details);
  auto key = read_fixed<32>(member(json, "accountSignatureKey"), "account.accountSignatureKey");
  if (!key) return in_creds(key.error());
  account.account_signature_key = *key;
  auto signature = read_fixed<64>(member(json, "accountSignature"), "account.accountSignature");
  if (!signature) return in_creds(signature.error());
  account.account_signature = *signature;
  auto device_signature = read_fixed<64>(member(json, "deviceSignature"), "account.deviceSignature");
  if (!device_signature) return in_creds(device_signature.error());
  account.device_signature = *device_signature;
  return account;
}

Result<DeviceDetails> verify_account(const SignedDeviceIdentity& account, const crypto::PublicKey& identity) {
  auto details = DeviceDetails::parse(account.details);
  if (!details) return in_creds(details.error());
  using namespace whatsapp::pairing;
  const auto& key = *account.account_signature_key;
  if (!verify_account_signature(key, details->device_type, account.details, identity,
                                account.account_signature))
    return refused(ErrorCode::kCrypto, "the phone's signature is not for this device's identity");
  const auto signed_as = [&](Encryption type) {
    return verify_device_signature(identity, type, account.details, key, *account.device_signature);
  };
  // Forks that signed as a hosted device exist; the service takes both.
  if (!signed_as(Encryption::kEndToEnd) && !signed_as(Encryption::kHosted))
    return refused(ErrorCode::kCrypto, "the device's own signature is wrong");
  return *details;
}

std::string bounded_text(const Json& value) {
  std::string text = read_text(value);
  return text.size() <= kMaxName ? text : std::string{};
}

/// What is nice to have: absent or odd, it is left out.
void read_extras(const Json& creds, whatsapp::store::DeviceCredentials& device) {
  const auto adv_secret = read_fixed<32>(member(creds, "advSecretKey"), "advSecretKey");
  if (adv_secret) device.adv_secret = base::Secret<32>{*adv_secret};
  auto routing = read_bytes(member(creds, "routingInfo"));
  if (routing && routing->size() <= kMaxRoutingInfo) device.routing_info = *std::move(routing);
  auto& paired = *device.paired;
  paired.platform = bounded_text(member(creds, "platform"));
  const std::string name = bounded_text(member(member(creds, "me"), "name"));
  if (name != "~") paired.push_name = name;  // Baileys' placeholder while linking by code
}

Result<void> read_numbers(const Json& creds, BaileysCreds& out) {
  const auto registration = read_integer(member(creds, "registrationId"), 0, kMaxRegistration);
  if (!registration) return refused(ErrorCode::kMalformed, "registrationId is missing or no number");
  out.device.registration_id = static_cast<std::uint32_t>(*registration);
  const auto next = read_integer(member(creds, "nextPreKeyId"), 0, kMaxKeyId + 1);
  const auto first = read_integer(member(creds, "firstUnuploadedPreKeyId"), 0, kMaxKeyId + 1);
  if (!next || !first)
    return refused(ErrorCode::kMalformed, "the pre-key counters are missing or no numbers");
  const auto wrapped = [](std::int64_t id) {
    return id < 1 || id > kMaxKeyId ? 1u : static_cast<std::uint32_t>(id);
  };
  out.device.next_pre_key_id = wrapped(*next);
  out.first_not_uploaded = static_cast<std::uint32_t>(std::max<std::int64_t>(*first, 1));
  return {};
}

Result<void> read_own_addresses(const Json& creds, const Jid& own, BaileysCreds& out) {
  WA_TRY_VOID(check_own_jid(own));
  auto& paired = out.device.paired.emplace();
  paired.pn = own;
  const std::string lid_text = read_text(member(member(creds, "me"), "lid"));
  if (lid_text.empty()) return {};
  const auto lid = Jid::parse(lid_text);
  if (!lid || lid->server() != Server::kLid || lid->user().empty())
    return refused(ErrorCode::kMalformed, "me.lid is not a LID");
  // Some versions wrote it without the device.
  paired.lid = lid->with_device(own.device());
  out.knows_lid = true;
  return {};
}

}  // namespace

Result<BaileysCreds> read_creds(std::string_view text, std::int64_t now) {
  auto parsed = parse_json(text);
  if (!parsed) return in_creds(parsed.error());
  const Json& creds = *parsed;
  BaileysCreds out;
  auto& device = out.device;
  WA_TRY(device.noise, read_key_pair(member(creds, "noiseKey"), "noiseKey"));
  WA_TRY(device.identity, read_key_pair(member(creds, "signedIdentityKey"), "signedIdentityKey"));
  WA_TRY_VOID(read_signed_pre_key(creds, device));
  WA_TRY_VOID(read_numbers(creds, out));
  const auto own = own_jid(creds);
  if (!own && !has_account(creds))
    return refused(ErrorCode::kNotFound, "this device was never linked; there is nothing to take over");
  if (!own) return refused(ErrorCode::kMalformed, "me.id names no linked device");
  if (!has_account(creds))
    return refused(ErrorCode::kMalformed, "account is missing although me.id names a device");
  WA_TRY_VOID(read_own_addresses(creds, *own, out));
  WA_TRY(const SignedDeviceIdentity account, read_account(creds));
  WA_TRY(const DeviceDetails details, verify_account(account, device.identity.public_key));
  device.paired->account_identity = account.encode();
  device.paired->paired_at = details.timestamp > 0 && std::cmp_less(details.timestamp, now)
                                 ? static_cast<std::int64_t>(details.timestamp)
                                 : now;
  if (device.signed_pre_key.created_at <= 0) device.signed_pre_key.created_at = device.paired->paired_at;
  read_extras(creds, device);
  device.login_count = 1;
  out.account_key = *account.account_signature_key;
  out.key_index = details.key_index;
  return out;
}

}  // namespace importers
