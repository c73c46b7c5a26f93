#include "base/encoding.h"

#include <sodium.h>

namespace base {
namespace {

int sodium_variant(Base64 variant) {
  switch (variant) {
    case Base64::kStandard:
      return sodium_base64_VARIANT_ORIGINAL;
    case Base64::kStandardNoPadding:
      return sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    case Base64::kUrl:
      return sodium_base64_VARIANT_URLSAFE;
    case Base64::kUrlNoPadding:
      return sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  }
  return sodium_base64_VARIANT_ORIGINAL;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  std::string out(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes.data(), bytes.size());
  out.pop_back();
  return out;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorCode::kMalformed, "odd number of hex digits");
  if (text.empty()) return Bytes{};
  Bytes out(text.size() / 2);
  std::size_t written = 0;
  const char* end = nullptr;
  const int rc = sodium_hex2bin(out.data(), out.size(), text.data(), text.size(), nullptr, &written, &end);
  if (rc != 0 || end != text.data() + text.size() || written != out.size())
    return fail(ErrorCode::kMalformed, "not a hex text");
  return out;
}

std::string to_base64(ByteView bytes, Base64 variant) {
  const int kind = sodium_variant(variant);
  std::string out(sodium_base64_encoded_len(bytes.size(), kind), '\0');
  sodium_bin2base64(out.data(), out.size(), bytes.data(), bytes.size(), kind);
  out.pop_back();  // libsodium counts the terminating zero
  return out;
}

Result<Bytes> from_base64(std::string_view text, Base64 variant) {
  Bytes out(text.size() / 4 * 3 + 3);
  std::size_t written = 0;
  const char* end = nullptr;
  const int rc = sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &written, &end,
                                   sodium_variant(variant));
  if (rc != 0 || end != text.data() + text.size()) return fail(ErrorCode::kMalformed, "not a base64 text");
  out.resize(written);
  return out;
}

}  // namespace base
