#include "simulator/media_host/tls_stream.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace simulator {
namespace {

constexpr std::size_t kBufferSize = 64 * 1024;
constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kMaxLine = 1024;

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void TlsStream::Free::operator()(SSL* connection) const { SSL_free(connection); }

TlsContext::TlsContext(const std::string& certificate, const std::string& key)
    : context_(SSL_CTX_new(TLS_server_method())) {
  BIO* certificate_bio = BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()));
  BIO* key_bio = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  X509* x509 = PEM_read_bio_X509(certificate_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* pkey = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(context_.get(), x509) != 1 || SSL_CTX_use_PrivateKey(context_.get(), pkey) != 1)
    context_.reset();
  EVP_PKEY_free(pkey);
  X509_free(x509);
  BIO_free(key_bio);
  BIO_free(certificate_bio);
}

TlsStream::TlsStream(const TlsContext& context, int socket) : ssl_(SSL_new(context.get())) {
  SSL_set_fd(ssl_.get(), socket);
}

TlsStream::~TlsStream() = default;

bool TlsStream::handshake() { return SSL_accept(ssl_.get()) == 1; }

bool TlsStream::fill() {
  buffer_.resize(kBufferSize);
  next_ = 0;
  const int got = SSL_read(ssl_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
  buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return got > 0;
}

std::optional<std::string> TlsStream::read_head() {
  std::string head;
  while (head.size() < kMaxHead && !head.ends_with("\r\n\r\n")) {
    if (next_ == buffer_.size() && !fill()) return std::nullopt;
    head.push_back(static_cast<char>(buffer_[next_++]));
  }
  return head.ends_with("\r\n\r\n") ? std::optional{std::move(head)} : std::nullopt;
}

std::optional<std::string> TlsStream::read_line() {
  std::string line;
  while (line.size() < kMaxLine && !line.ends_with("\r\n")) {
    if (next_ == buffer_.size() && !fill()) return std::nullopt;
    line.push_back(static_cast<char>(buffer_[next_++]));
  }
  if (!line.ends_with("\r\n")) return std::nullopt;
  line.resize(line.size() - 2);
  return line;
}

std::size_t TlsStream::read(base::MutableByteView room) {
  if (next_ == buffer_.size() && !fill()) return 0;
  const std::size_t size = std::min(room.size(), buffer_.size() - next_);
  std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(next_), size, room.begin());
  next_ += size;
  return size;
}

bool TlsStream::write(base::ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1 << 20);
    const int written = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(piece));
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void TlsStream::end() { SSL_shutdown(ssl_.get()); }

}  // namespace simulator
