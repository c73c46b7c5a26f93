#include "crypto/aes.h"

#include <openssl/evp.h>

#include <climits>
#include <memory>
#include <stdexcept>

namespace crypto {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::MutableByteView;

struct EvpFree {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

/// A fetched cipher and its context. Fetching an algorithm and creating a context cost more than a short
/// message, so each thread keeps one of each per mode; the next call overwrites the key of the last.
class Cipher {
 public:
  explicit Cipher(const char* name)
      : cipher_(EVP_CIPHER_fetch(nullptr, name, nullptr)), context_(EVP_CIPHER_CTX_new()) {
    if (!cipher_ || !context_) throw std::runtime_error(std::string{name} + " is not available");
  }

  EVP_CIPHER_CTX* start(int encrypting, Aes256Key key, const std::uint8_t* iv) {
    require(EVP_CipherInit_ex2(context_.get(), cipher_.get(), key.data(), iv, encrypting, nullptr));
    return context_.get();
  }

  static void require(int rc) {
    if (rc != 1) throw std::runtime_error("AES refused its input");
  }

 private:
  std::unique_ptr<EVP_CIPHER, EvpFree> cipher_;
  std::unique_ptr<EVP_CIPHER_CTX, EvpFree> context_;
};

constexpr int kEncrypt = 1;
constexpr int kDecrypt = 0;

Cipher& gcm() {
  thread_local Cipher cipher{"AES-256-GCM"};
  return cipher;
}

Cipher& cbc() {
  thread_local Cipher cipher{"AES-256-CBC"};
  return cipher;
}

Cipher& ctr() {
  thread_local Cipher cipher{"AES-256-CTR"};
  return cipher;
}

/// One update call. OpenSSL counts in int; nothing this program encrypts at once comes near 2 GiB.
int update(EVP_CIPHER_CTX* context, std::uint8_t* out, ByteView in) {
  if (in.size() > INT_MAX - kAesBlockSize) throw std::length_error("too much for one AES call");
  int written = 0;
  // A null input means "finish" to some modes, and an empty view may well be null.
  if (!in.empty())
    Cipher::require(EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())));
  return written;
}

base::Result<void> gcm_open(Aes256Key key, GcmNonce nonce, ByteView aad, ByteView sealed, std::uint8_t* out) {
  if (sealed.size() < kGcmTagSize)
    return base::fail(ErrorCode::kMalformed, "encrypted data shorter than its tag");
  const ByteView ciphertext = sealed.first(sealed.size() - kGcmTagSize);
  base::FixedBytes<kGcmTagSize> tag = base::to_fixed<kGcmTagSize>(sealed.last(kGcmTagSize));
  EVP_CIPHER_CTX* context = gcm().start(kDecrypt, key, nonce.data());
  update(context, nullptr, aad);
  update(context, out, ciphertext);
  Cipher::require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kGcmTagSize, tag.data()));
  int written = 0;
  std::uint8_t none[kAesBlockSize];
  if (EVP_CipherFinal_ex(context, none, &written) != 1)
    return base::fail(ErrorCode::kCrypto, "encrypted data does not authenticate");
  return {};
}

}  // namespace

void aes256_gcm_seal_into(Aes256Key key, GcmNonce nonce, ByteView aad, ByteView plaintext,
                          MutableByteView out) {
  if (out.size() != plaintext.size() + kGcmTagSize) throw std::length_error("wrong room for sealed data");
  EVP_CIPHER_CTX* context = gcm().start(kEncrypt, key, nonce.data());
  update(context, nullptr, aad);
  update(context, out.data(), plaintext);
  std::uint8_t* tag = out.data() + plaintext.size();
  int written = 0;
  Cipher::require(EVP_CipherFinal_ex(context, tag, &written));
  Cipher::require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kGcmTagSize, tag));
}

base::Result<MutableByteView> aes256_gcm_open_in_place(Aes256Key key, GcmNonce nonce, ByteView aad,
                                                       MutableByteView sealed) {
  WA_TRY_VOID(gcm_open(key, nonce, aad, sealed, sealed.data()));
  return sealed.first(sealed.size() - kGcmTagSize);
}

Bytes aes256_gcm_seal(Aes256Key key, GcmNonce nonce, ByteView aad, ByteView plaintext) {
  Bytes out(plaintext.size() + kGcmTagSize);
  aes256_gcm_seal_into(key, nonce, aad, plaintext, out);
  return out;
}

base::Result<Bytes> aes256_gcm_open(Aes256Key key, GcmNonce nonce, ByteView aad, ByteView sealed) {
  Bytes out(sealed.size() < kGcmTagSize ? 0 : sealed.size() - kGcmTagSize);
  WA_TRY_VOID(gcm_open(key, nonce, aad, sealed, out.data()));
  return out;
}

Bytes aes256_cbc_encrypt(Aes256Key key, AesBlock iv, ByteView plaintext) {
  Bytes out((plaintext.size() / kAesBlockSize + 1) * kAesBlockSize);
  EVP_CIPHER_CTX* context = cbc().start(kEncrypt, key, iv.data());
  const int written = update(context, out.data(), plaintext);
  int last = 0;
  Cipher::require(EVP_CipherFinal_ex(context, out.data() + written, &last));
  return out;
}

base::Result<Bytes> aes256_cbc_decrypt(Aes256Key key, AesBlock iv, ByteView ciphertext) {
  if (ciphertext.empty() || ciphertext.size() % kAesBlockSize != 0)
    return base::fail(ErrorCode::kMalformed, "encrypted data is not whole blocks");
  Bytes out(ciphertext.size() + kAesBlockSize);
  EVP_CIPHER_CTX* context = cbc().start(kDecrypt, key, iv.data());
  const int written = update(context, out.data(), ciphertext);
  int last = 0;
  if (EVP_CipherFinal_ex(context, out.data() + written, &last) != 1)
    return base::fail(ErrorCode::kCrypto, "wrong padding after decryption");
  out.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
  return out;
}

Bytes aes256_ctr(Aes256Key key, AesBlock counter, ByteView data) {
  Bytes out(data.size());
  update(ctr().start(kEncrypt, key, counter.data()), out.data(), data);
  return out;
}

}  // namespace crypto
