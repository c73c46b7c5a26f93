// Extra trusted roots for TLS clients, beside the system's.
#pragma once

#include <openssl/types.h>

#include <string>

#include "base/result.h"

namespace runtime {

/// Trusts the certificates of a PEM file as well. kIo when there are none to be read.
base::Result<void> add_trusted_roots(SSL_CTX* tls, const std::string& pem_file);

}  // namespace runtime
