#include "whatsapp/app_state/lt_hash.h"

#include <cstdint>

#include "crypto/hkdf.h"

namespace whatsapp::app_state {
namespace {

using Block = base::FixedBytes<LtHash::kSize>;

Block expand(const ValueMac& value) {
  Block out;
  crypto::hkdf_sha256_into(out, value, {}, "WhatsApp Patch Integrity");
  return out;
}

std::uint16_t lane(const Block& block, std::size_t at) {
  return static_cast<std::uint16_t>(block[at] | (block[at + 1] << 8));
}

template <class Combine>
void combine_lanes(Block& hash, const Block& value, Combine combine) {
  for (std::size_t at = 0; at < hash.size(); at += 2) {
    const auto result = static_cast<std::uint16_t>(combine(lane(hash, at), lane(value, at)));
    hash[at] = static_cast<std::uint8_t>(result);
    hash[at + 1] = static_cast<std::uint8_t>(result >> 8);
  }
}

}  // namespace

void LtHash::add(const ValueMac& value) {
  combine_lanes(bytes_, expand(value), [](int a, int b) { return a + b; });
}

void LtHash::subtract(const ValueMac& value) {
  combine_lanes(bytes_, expand(value), [](int a, int b) { return a - b; });
}

}  // namespace whatsapp::app_state
