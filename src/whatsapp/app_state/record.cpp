#include "whatsapp/app_state/record.h"

#include "crypto/aes.h"
#include "crypto/hmac.h"
#include "proto/app_state.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using base::ByteView;

constexpr std::size_t kIvSize = 16;
constexpr std::size_t kMacSize = 32;
constexpr std::size_t kMinBlobSize = kIvSize + crypto::kAesBlockSize + kMacSize;

ByteView sealed_part(const Record& record) {
  return ByteView{record.blob}.first(record.blob.size() - kMacSize);
}

base::Bytes plaintext_of(const Mutation& mutation) {
  proto::SyncActionData data;
  data.set_index(to_json(mutation.index));
  if (mutation.operation == Operation::kSet) data.add_value(mutation.value.data(), mutation.value.size());
  data.set_padding("");
  data.set_version(mutation.version);
  return serialised(data);
}

std::unexpected<Reject> reject(RejectReason reason, std::string message) {
  return std::unexpected(Reject{reason, std::move(message), {}});
}

base::Bytes joined_values(const proto::SyncActionData& data) {
  base::Bytes out;
  for (const std::string& value : data.value()) base::append(out, base::as_bytes(value));
  return out;
}

}  // namespace

ValueMac value_mac_of(const Record& record) {
  return base::to_fixed<kMacSize>(ByteView{record.blob}.last(kMacSize));
}

base::Result<Record> read_record(const proto::SyncdRecord& wire) {
  const std::string& index = wire.index().blob();
  const std::string& blob = wire.value().blob();
  const std::string& key_id = wire.key_id().id();
  if (index.size() != kMacSize)
    return base::fail(base::ErrorCode::kMalformed, "app state record without an index MAC");
  if (blob.size() < kMinBlobSize || (blob.size() - kIvSize - kMacSize) % crypto::kAesBlockSize != 0)
    return base::fail(base::ErrorCode::kMalformed, "app state record with a value of a wrong length");
  if (key_id.empty() || key_id.size() > kMaxKeyIdSize)
    return base::fail(base::ErrorCode::kMalformed, "app state record without a key id");
  return Record{base::to_fixed<kMacSize>(base::as_bytes(index)), base::to_bytes(blob),
                base::to_bytes(key_id)};
}

void write_record(const Record& record, proto::SyncdRecord& wire) {
  wire.mutable_index()->set_blob(record.index_mac.data(), record.index_mac.size());
  wire.mutable_value()->set_blob(record.blob.data(), record.blob.size());
  wire.mutable_key_id()->set_id(record.key_id.data(), record.key_id.size());
}

Record seal(const Mutation& mutation, const MutationKeys& keys, const KeyId& key_id, const Iv& iv) {
  const std::string index = to_json(mutation.index);
  base::Bytes blob =
      base::concat(iv, crypto::aes256_cbc_encrypt(keys.value_encryption.bytes(), iv, plaintext_of(mutation)));
  base::append(blob, value_mac(keys, mutation.operation, key_id, blob));
  return {index_mac(keys, base::as_bytes(index)), std::move(blob), key_id};
}

std::expected<std::optional<Mutation>, Reject> open(const Record& record, Operation operation,
                                                    const KeyRing& ring) {
  const MutationKeys* keys = ring.find(record.key_id);
  if (keys == nullptr)
    return std::unexpected(Reject{RejectReason::kUnknownKey, "key of a record is missing", {record.key_id}});
  const ByteView sealed = sealed_part(record);
  if (!crypto::equal_constant_time(value_mac(*keys, operation, record.key_id, sealed), value_mac_of(record)))
    return reject(RejectReason::kValueMac, "value MAC of a record is wrong");
  const auto plain = crypto::aes256_cbc_decrypt(keys->value_encryption.bytes(), sealed.first<kIvSize>(),
                                                sealed.subspan(kIvSize));
  if (!plain) return reject(RejectReason::kMalformed, "a record does not decrypt");
  proto::SyncActionData data;
  if (!parse(data, *plain) || !data.has_index() || !data.has_version())
    return reject(RejectReason::kMalformed, "a record holds no action");
  if (!crypto::equal_constant_time(index_mac(*keys, base::as_bytes(data.index())), record.index_mac))
    return reject(RejectReason::kIndexMac, "index MAC of a record is wrong");
  auto index = read_index(data.index());
  if (!index) return std::nullopt;
  return Mutation{operation, *std::move(index), data.version(), joined_values(data)};
}

}  // namespace whatsapp::app_state
