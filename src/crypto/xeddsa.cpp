#include "crypto/xeddsa.h"

#include <openssl/bn.h>
#include <sodium.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <tuple>

#include "crypto/hash.h"

namespace crypto {
namespace {

using base::ByteView;
using base::FixedBytes;

constexpr std::uint8_t kSignBit = 0x80;

struct BnFree {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};
using Number = std::unique_ptr<BIGNUM, BnFree>;

/// Scratch numbers for the conversion of public keys; one set per thread spares the allocations.
struct FieldScratch {
  std::unique_ptr<BN_CTX, BnFree> context{BN_CTX_new()};
  Number p{BN_new()}, u{BN_new()}, numerator{BN_new()}, denominator{BN_new()}, inverse{BN_new()};

  FieldScratch() {
    // 2^255 - 19
    const bool ready = context && p && u && numerator && denominator && inverse && BN_set_bit(p.get(), 255) &&
                       BN_sub_word(p.get(), 19);
    if (!ready) throw std::runtime_error("big numbers cannot be initialised");
  }
};

FieldScratch& field_scratch() {
  thread_local FieldScratch scratch;
  return scratch;
}

/// y = (u - 1) / (u + 1) mod p, little-endian; false if u = -1 has no image. All of it is public data, so
/// the arithmetic need not run in constant time.
bool edwards_y(const PublicKey& key, FixedBytes<32>& out) {
  FieldScratch& field = field_scratch();
  PublicKey masked = key;
  masked[31] &= static_cast<std::uint8_t>(~kSignBit);
  const BIGNUM* p = field.p.get();
  BN_CTX* context = field.context.get();
  const bool divided =
      BN_lebin2bn(masked.data(), static_cast<int>(masked.size()), field.u.get()) != nullptr &&
      BN_mod_sub(field.numerator.get(), field.u.get(), BN_value_one(), p, context) &&
      BN_mod_add(field.denominator.get(), field.u.get(), BN_value_one(), p, context) &&
      !BN_is_zero(field.denominator.get()) &&
      BN_mod_inverse(field.inverse.get(), field.denominator.get(), p, context) != nullptr &&
      BN_mod_mul(field.u.get(), field.numerator.get(), field.inverse.get(), p, context);
  return divided && BN_bn2lebinpad(field.u.get(), out.data(), static_cast<int>(out.size())) == 32;
}

FixedBytes<32> reduced(const Sha512Digest& hash) {
  FixedBytes<32> out{};
  crypto_core_ed25519_scalar_reduce(out.data(), hash.data());
  return out;
}

FixedBytes<32> times_base_point(const FixedBytes<32>& scalar) {
  FixedBytes<32> point{};
  if (crypto_scalarmult_ed25519_base_noclamp(point.data(), scalar.data()) != 0)
    throw std::logic_error("the zero scalar cannot sign");
  return point;
}

}  // namespace

Signature xeddsa_sign(const PrivateKey& key, ByteView message, const FixedBytes<64>& random) {
  const PrivateKey a = clamped(key.bytes());
  const FixedBytes<32> point = times_base_point(a.bytes());

  FixedBytes<32> prefix{};
  prefix.fill(0xff);
  prefix[0] = 0xfe;
  const base::Secret<32> r{reduced(sha512(prefix, a.bytes(), message, random))};
  const FixedBytes<32> commitment = times_base_point(r.bytes());
  const FixedBytes<32> challenge = reduced(sha512(commitment, point, message));

  base::Secret<32> product;
  crypto_core_ed25519_scalar_mul(product.mutable_bytes().data(), challenge.data(), a.bytes().data());
  FixedBytes<32> s{};
  crypto_core_ed25519_scalar_add(s.data(), product.bytes().data(), r.bytes().data());

  Signature signature{};
  std::copy(commitment.begin(), commitment.end(), signature.begin());
  std::copy(s.begin(), s.end(), signature.begin() + 32);
  signature[63] = static_cast<std::uint8_t>((signature[63] & ~kSignBit) | (point[31] & kSignBit));
  return signature;
}

Signature xeddsa_sign(const PrivateKey& key, ByteView message, base::Random& random) {
  return xeddsa_sign(key, message, random.bytes<64>());
}

bool xeddsa_verify(const PublicKey& key, ByteView message, ByteView signature) {
  if (signature.size() != std::tuple_size_v<Signature>) return false;
  FixedBytes<32> point{};
  if (!edwards_y(key, point)) return false;

  Signature plain = base::to_fixed<64>(signature);
  point[31] |= plain[63] & kSignBit;
  plain[63] &= static_cast<std::uint8_t>(~kSignBit);
  if ((plain[63] & 0xe0) != 0) return false;
  return crypto_sign_ed25519_verify_detached(plain.data(), message.data(), message.size(), point.data()) == 0;
}

}  // namespace crypto
