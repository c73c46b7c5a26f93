#include "importers/small_records.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "importers/baileys_json.h"
#include "proto/message.pb.h"
#include "whatsapp/app_state/sync_key.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::store::LidMapping;
using whatsapp::store::RecordRow;

constexpr std::string_view kReverse = "_reverse";
constexpr std::size_t kMaxUser = 64;
constexpr std::size_t kMaxFingerprintDevices = 256;
constexpr std::size_t kMaxToken = 1024;
constexpr std::int64_t kTokenBucket = 604'800;  // seconds; a token is good for this and the three before
constexpr std::int64_t kTokenBuckets = 4;

bool is_digits(std::string_view text) {
  return !text.empty() && text.size() <= kMaxUser &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

whatsapp::proto::AppStateSyncKeyData key_data_of(const Json& json, const base::Bytes& key) {
  whatsapp::proto::AppStateSyncKeyData data;
  data.set_key_data(base::to_string(key));
  data.set_timestamp(read_integer(member(json, "timestamp")).value_or(0));
  const Json& fingerprint = member(json, "fingerprint");
  if (!fingerprint.is_object()) return data;
  const auto number = [](const Json& value) {
    return static_cast<std::uint32_t>(read_integer(value, 0, UINT32_MAX).value_or(0));
  };
  data.mutable_fingerprint()->set_raw_id(number(member(fingerprint, "rawId")));
  data.mutable_fingerprint()->set_current_index(number(member(fingerprint, "currentIndex")));
  const Json& devices = member(fingerprint, "deviceIndexes");
  for (std::size_t i = 0; devices.is_array() && i < std::min(devices.size(), kMaxFingerprintDevices); ++i)
    data.mutable_fingerprint()->add_device_indexes(number(devices[i]));
  return data;
}

Json fingerprint_json(const whatsapp::proto::AppStateSyncKeyFingerprint& fingerprint) {
  Json json = Json::object();
  json["rawId"] = fingerprint.raw_id();
  json["currentIndex"] = fingerprint.current_index();
  json["deviceIndexes"] = Json::array();
  for (const auto index : fingerprint.device_indexes()) json["deviceIndexes"].push_back(index);
  return json;
}

}  // namespace

Result<whatsapp::signal::PreKey> read_pre_key(const std::string& id, std::string_view text) {
  WA_TRY(const Json json, parse_json(text));
  WA_TRY(const auto private_key, read_fixed<32>(member(json, "private"), "the private key"));
  WA_TRY(const auto public_key, read_fixed<32>(member(json, "public"), "the public key"));
  whatsapp::signal::PreKey key;
  std::from_chars(id.data(), id.data() + id.size(), key.id);
  key.keys = crypto::key_pair_of(private_key);
  if (key.keys.public_key != public_key) return fail(ErrorCode::kCrypto, "the keys do not belong together");
  return key;
}

std::string write_pre_key(const whatsapp::signal::PreKey& key) {
  Json json = Json::object();
  json["private"] = buffer_of(key.keys.private_key.view());
  json["public"] = buffer_of(key.keys.public_key);
  return write_json(json);
}

Result<crypto::PublicKey> read_identity_key(std::string_view text) {
  WA_TRY(const Json json, parse_json(text));
  WA_TRY(const base::Bytes bytes, read_bytes(json));
  const auto key = whatsapp::signal::parse_wire_key(bytes);
  if (!key) return fail(ErrorCode::kMalformed, "it is no identity key");
  return *key;
}

std::string write_identity_key(const crypto::PublicKey& key) {
  return write_json(buffer_of(whatsapp::signal::to_wire_key(key)));
}

MappingDirection mapping_direction(std::string_view id) {
  return id.ends_with(kReverse) ? MappingDirection::kReverse : MappingDirection::kForward;
}

Result<LidMapping> read_lid_mapping(const std::string& id, std::string_view text) {
  WA_TRY(const Json json, parse_json(text));
  const std::string value = read_text(json);
  if (!is_digits(value)) return fail(ErrorCode::kMalformed, "it names nobody");
  if (mapping_direction(id) == MappingDirection::kForward) return LidMapping{id, value};
  return LidMapping{value, id.substr(0, id.size() - kReverse.size())};
}

Result<std::optional<RecordRow>> read_app_state_key(const std::string& id, std::string_view text) {
  WA_TRY(const Json json, parse_json(text));
  auto key_id = read_bytes(Json(id));
  if (!key_id || key_id->empty() || key_id->size() > whatsapp::app_state::kMaxKeyIdSize)
    return fail(ErrorCode::kMalformed, "its name is no key id");
  WA_TRY(const base::Bytes key, read_bytes(member(json, "keyData")));
  if (key.size() != 32) return std::nullopt;
  const std::string data = key_data_of(json, key).SerializeAsString();
  return RecordRow{kAppStateKeyKind, base::to_hex(*key_id), base::to_bytes(data)};
}

std::optional<std::pair<std::string, std::string>> write_app_state_key(const RecordRow& row) {
  const auto id = base::from_hex(row.key);
  whatsapp::proto::AppStateSyncKeyData data;
  if (!id || !data.ParseFromArray(row.value.data(), static_cast<int>(row.value.size()))) return std::nullopt;
  Json json = Json::object();
  json["keyData"] = base::to_base64(base::as_bytes(data.key_data()));
  json["fingerprint"] = fingerprint_json(data.fingerprint());
  json["timestamp"] = std::to_string(data.timestamp());
  return std::pair{base::to_base64(*id), write_json(json)};
}

Result<std::optional<RecordRow>> read_privacy_token(const std::string& id, std::string_view text,
                                                    std::int64_t now) {
  const auto at = id.find('@');
  if (at == std::string::npos || at == 0) return std::nullopt;  // "__index" lists the others
  WA_TRY(const Json json, parse_json(text));
  WA_TRY(const base::Bytes token, read_bytes(member(json, "token")));
  const auto time_of = [&json](const char* name) { return read_integer(member(json, name)).value_or(0); };
  const std::int64_t received = time_of("timestamp");
  const std::int64_t issued = time_of("senderTimestamp");
  const std::int64_t cutoff = (now / kTokenBucket - (kTokenBuckets - 1)) * kTokenBucket;
  const bool usable = !token.empty() && token.size() <= kMaxToken && received >= cutoff;
  if (!usable && issued < cutoff) return std::nullopt;
  const base::Bytes value =
      base::concat(base::big_endian<8>(usable ? static_cast<std::uint64_t>(received) : 0),
                   base::big_endian<8>(static_cast<std::uint64_t>(std::max<std::int64_t>(issued, 0))),
                   usable ? token : base::Bytes{});
  const std::int64_t useless_from =
      (std::max(usable ? received : 0, issued) / kTokenBucket + kTokenBuckets) * kTokenBucket;
  return RecordRow{kPrivacyTokenKind, id.substr(0, at), value, useless_from};
}

}  // namespace importers
