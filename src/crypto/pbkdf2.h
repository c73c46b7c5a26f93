// PBKDF2-HMAC-SHA256: a key from a short password (the pairing code). With the protocol's 131072
// iterations it takes tens of milliseconds: call it from a worker thread, not from the loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace crypto {

base::Bytes pbkdf2_sha256(base::ByteView password, base::ByteView salt, std::uint32_t iterations,
                          std::size_t length);

}  // namespace crypto
