#include "whatsapp/app_state/macs.h"

#include <vector>

#include "crypto/hmac.h"

namespace whatsapp::app_state {

ValueMac value_mac(const MutationKeys& keys, Operation operation, base::ByteView key_id,
                   base::ByteView sealed) {
  const base::FixedBytes<1> op{static_cast<std::uint8_t>(operation)};
  const auto length = base::big_endian<8>(op.size() + key_id.size());
  const auto mac = crypto::hmac_sha512(keys.value_mac.view(), op, key_id, sealed, length);
  return base::to_fixed<32>(base::ByteView{mac}.first(32));
}

IndexMac index_mac(const MutationKeys& keys, base::ByteView index_json) {
  return crypto::hmac_sha256(keys.index.view(), index_json);
}

Mac snapshot_mac(const MutationKeys& keys, Collection collection, std::uint64_t version, const LtHash& hash) {
  return crypto::hmac_sha256(keys.snapshot_mac.view(), hash.bytes(), base::big_endian<8>(version),
                             base::as_bytes(to_string(collection)));
}

Mac patch_mac(const MutationKeys& keys, Collection collection, std::uint64_t version, base::ByteView snapshot,
              std::span<const ValueMac> values) {
  std::vector<base::ByteView> parts{snapshot};
  parts.insert(parts.end(), values.begin(), values.end());
  const auto number = base::big_endian<8>(version);
  parts.emplace_back(number);
  parts.push_back(base::as_bytes(to_string(collection)));
  return crypto::hmac_sha256_of(keys.patch_mac.view(), parts);
}

}  // namespace whatsapp::app_state
