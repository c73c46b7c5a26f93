#include "crypto/cbc_stream.h"

#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace crypto {
namespace {

/// OpenSSL counts in int.
constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;

void require(int rc) {
  if (rc != 1) throw std::runtime_error("AES-256-CBC refused its input");
}

}  // namespace

void CbcStream::Free::operator()(evp_cipher_ctx_st* context) const { EVP_CIPHER_CTX_free(context); }

CbcStream::CbcStream(CbcDirection direction, Aes256Key key, AesBlock iv) : context_(EVP_CIPHER_CTX_new()) {
  if (!context_) throw std::bad_alloc{};
  const int encrypting = direction == CbcDirection::kEncrypt ? 1 : 0;
  require(EVP_CipherInit_ex2(context_.get(), EVP_aes_256_cbc(), key.data(), iv.data(), encrypting, nullptr));
  require(EVP_CIPHER_CTX_set_padding(context_.get(), 0));
}

void CbcStream::process(base::ByteView blocks, base::Bytes& out) {
  if (blocks.size() % kAesBlockSize != 0) throw std::length_error("CBC wants whole blocks");
  while (!blocks.empty()) {
    const base::ByteView piece = blocks.first(std::min(blocks.size(), kMostAtOnce));
    const std::size_t before = out.size();
    out.resize(before + piece.size());
    int written = 0;
    require(EVP_CipherUpdate(context_.get(), out.data() + before, &written, piece.data(),
                             static_cast<int>(piece.size())));
    if (static_cast<std::size_t>(written) != piece.size()) throw std::logic_error("CBC kept a block back");
    blocks = blocks.subspan(piece.size());
  }
}

}  // namespace crypto
