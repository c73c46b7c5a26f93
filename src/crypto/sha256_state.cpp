// The one file that uses OpenSSL's deprecated low-level functions; see the header for why.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256_state.h"

#include <algorithm>

namespace crypto {
namespace {

constexpr std::size_t kBlockSize = 64;
constexpr std::uint8_t kInnerPad = 0x36;
constexpr std::uint8_t kOuterPad = 0x5c;

}  // namespace

Sha256State::Sha256State() { SHA256_Init(&state_); }

void Sha256State::update(base::ByteView part) { SHA256_Update(&state_, part.data(), part.size()); }

Sha256Digest Sha256State::finish() {
  Sha256Digest out{};
  SHA256_Final(out.data(), &state_);
  return out;
}

HmacSha256State::HmacSha256State(base::ByteView key) {
  base::Secret<kBlockSize> block;
  auto& pad = block.mutable_bytes();
  if (key.size() > kBlockSize) {
    const base::Secret<32> short_key{sha256(key)};
    std::ranges::copy(short_key.bytes(), pad.begin());
  } else {
    std::ranges::copy(key, pad.begin());
  }
  for (auto& byte : pad) byte ^= kInnerPad;
  inner_.update(pad);
  for (auto& byte : pad) byte ^= kInnerPad ^ kOuterPad;
  outer_.update(pad);
}

Sha256Digest HmacSha256State::mac(std::span<const base::ByteView> parts) const {
  HmacSha256Stream stream{*this};
  for (const base::ByteView part : parts) stream.update(part);
  return stream.finish();
}

Sha256Digest HmacSha256Stream::finish() {
  const base::Secret<32> inner_digest{inner_.finish()};
  outer_.update(inner_digest.view());
  return outer_.finish();
}

}  // namespace crypto
