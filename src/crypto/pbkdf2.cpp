#include "crypto/pbkdf2.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace crypto {

base::Bytes pbkdf2_sha256(base::ByteView password, base::ByteView salt, std::uint32_t iterations,
                          std::size_t length) {
  base::Bytes out(length);
  const std::string_view text = base::as_text(password);
  const int rc = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()), salt.data(),
                                   static_cast<int>(salt.size()), static_cast<int>(iterations), EVP_sha256(),
                                   static_cast<int>(length), out.data());
  if (rc != 1) throw std::invalid_argument("PBKDF2 needs at least one iteration and one byte");
  return out;
}

}  // namespace crypto
