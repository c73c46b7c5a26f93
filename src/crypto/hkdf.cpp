#include "crypto/hkdf.h"

#include <algorithm>
#include <stdexcept>

#include "crypto/hmac.h"
#include "crypto/sha256_state.h"

namespace crypto {

void hkdf_sha256_into(base::MutableByteView out, base::ByteView ikm, base::ByteView salt,
                      std::string_view info) {
  if (out.size() > kMaxHkdfLength) throw std::length_error("HKDF output too long");
  // HMAC pads its key with zeros, so the empty salt already is the 32 zero bytes of the standard.
  const base::Secret<32> pseudo_random_key{hmac_sha256(salt, ikm)};
  const HmacSha256State expand{pseudo_random_key.view()};

  base::Secret<32> block;
  base::ByteView previous;
  std::uint8_t counter = 1;
  while (!out.empty()) {
    const std::array<base::ByteView, 3> parts{previous, base::as_bytes(info), base::ByteView{&counter, 1}};
    block.mutable_bytes() = expand.mac(parts);
    previous = block.view();
    const std::size_t taken = std::min(out.size(), previous.size());
    std::copy_n(previous.begin(), taken, out.begin());
    out = out.subspan(taken);
    ++counter;
  }
}

base::Bytes hkdf_sha256(base::ByteView ikm, base::ByteView salt, std::string_view info, std::size_t length) {
  base::Bytes out(length);
  hkdf_sha256_into(out, ikm, salt, info);
  return out;
}

}  // namespace crypto
