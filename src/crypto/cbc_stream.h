// AES-256-CBC over data that comes in pieces, for files that do not fit into memory. Whole blocks only and
// no padding: whoever knows where the data ends pads it. Data at hand goes through aes.h.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "crypto/aes.h"

struct evp_cipher_ctx_st;  // OpenSSL's EVP_CIPHER_CTX

namespace crypto {

enum class CbcDirection { kEncrypt, kDecrypt };

class CbcStream {
 public:
  CbcStream(CbcDirection direction, Aes256Key key, AesBlock iv);

  /// Appends as many bytes to `out` as `blocks` has: a multiple of 16, possibly none.
  void process(base::ByteView blocks, base::Bytes& out);

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const;
  };

  std::unique_ptr<evp_cipher_ctx_st, Free> context_;
};

}  // namespace crypto
