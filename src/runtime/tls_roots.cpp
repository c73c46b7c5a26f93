#include "runtime/tls_roots.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace runtime {

base::Result<void> add_trusted_roots(SSL_CTX* tls, const std::string& pem_file) {
  if (SSL_CTX_load_verify_file(tls, pem_file.c_str()) == 1) return {};
  ERR_clear_error();
  return base::fail(base::ErrorCode::kIo, "no trusted certificates can be read from " + pem_file);
}

}  // namespace runtime
