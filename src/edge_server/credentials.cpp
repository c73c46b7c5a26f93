#include "edge_server/credentials.h"

#include <sodium.h>

#include "base/encoding.h"

namespace edge_server {
namespace {

base::FixedBytes<32> digest_of(std::string_view text) {
  base::FixedBytes<32> digest{};
  crypto_generichash(digest.data(), digest.size(), base::as_bytes(text).data(), text.size(), nullptr, 0);
  return digest;
}

bool starts_with_bearer(std::string_view value) {
  constexpr std::string_view kWord = "bearer ";
  if (value.size() < kWord.size()) return false;
  for (std::size_t i = 0; i < kWord.size(); ++i)
    if ((value[i] | 0x20) != (kWord[i] | 0x20)) return false;
  return true;
}

}  // namespace

std::string make_api_key(base::Random& random) {
  return "wak_" + base::to_base64(random.bytes<24>(), base::Base64::kUrlNoPadding);
}

std::string hash_of_key(std::string_view key) { return base::to_hex(digest_of(key)); }

bool same_secret(std::string_view given, std::string_view expected) {
  const auto a = digest_of(given);
  const auto b = digest_of(expected);
  return !expected.empty() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view bearer_token(const runtime::HttpHeaders& headers) {
  auto value = runtime::header(headers, "Authorization");
  if (!starts_with_bearer(value)) return runtime::header(headers, "X-API-Key");
  value.remove_prefix(std::string_view{"bearer "}.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

}  // namespace edge_server
