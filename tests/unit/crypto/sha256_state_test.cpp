#include "crypto/sha256_state.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "crypto/hmac.h"

using base::Bytes;
using base::ByteView;

TEST_CASE("bytes that come in pieces have the digest and the MAC of the whole, wherever they are cut") {
  base::SeededRandom random{3};
  const Bytes key = random.bytes(32);
  const Bytes data = random.bytes(150);
  const crypto::HmacSha256State absorbed{key};
  for (std::size_t border = 0; border <= data.size(); ++border) {
    crypto::Sha256State hash;
    crypto::HmacSha256Stream mac{absorbed};
    for (const ByteView piece : {ByteView{data}.first(border), ByteView{data}.subspan(border)}) {
      hash.update(piece);
      mac.update(piece);
    }
    CHECK(hash.finish() == crypto::sha256(data));
    CHECK(mac.finish() == crypto::hmac_sha256(key, data));
  }
}
