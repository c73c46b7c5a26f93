// Inflates the compressed form of a stanza, with bounds checked while inflating, not afterwards.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::binary {

struct InflateLimits {
  std::size_t bytes;       // never more than this
  std::size_t ratio;       // nor more than this many times the compressed size,
  std::size_t free_bytes;  // which does not apply below this size
};

/// `compressed` must be exactly one zlib stream (RFC 1950): kMalformed if it is broken, cut short, fails
/// its checksum or is followed by anything; kLimit if it inflates too far.
base::Result<base::Bytes> inflate(base::ByteView compressed, const InflateLimits& limits);

}  // namespace whatsapp::binary
