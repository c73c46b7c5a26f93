#include "crypto/cbc_stream.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "base/random.h"

using base::Bytes;
using base::ByteView;
using crypto::CbcDirection;
using crypto::CbcStream;

TEST_CASE("blocks that come in pieces are encrypted as if they came at once, and come back") {
  base::SeededRandom random{11};
  const auto key = random.bytes<32>();
  const auto iv = random.bytes<16>();
  const Bytes data = random.bytes(10 * crypto::kAesBlockSize);
  Bytes at_once = crypto::aes256_cbc_encrypt(key, iv, data);
  at_once.resize(data.size());
  for (std::size_t border = 0; border <= data.size(); border += crypto::kAesBlockSize) {
    CbcStream encrypting{CbcDirection::kEncrypt, key, iv};
    Bytes sealed;
    encrypting.process(ByteView{data}.first(border), sealed);
    encrypting.process(ByteView{data}.subspan(border), sealed);
    CHECK(sealed == at_once);
    CbcStream decrypting{CbcDirection::kDecrypt, key, iv};
    Bytes opened{1, 2, 3};
    decrypting.process(ByteView{sealed}.first(border), opened);
    decrypting.process(ByteView{sealed}.subspan(border), opened);
    CHECK(opened == base::concat(Bytes{1, 2, 3}, data));
  }
}

TEST_CASE("part of a block is a mistake of the caller") {
  const base::FixedBytes<32> key{};
  const base::FixedBytes<16> iv{};
  CbcStream stream{CbcDirection::kEncrypt, key, iv};
  Bytes out;
  CHECK_THROWS_AS(stream.process(Bytes(15), out), std::length_error);
  CHECK(out.empty());
}
