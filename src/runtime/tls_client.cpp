#include "runtime/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

#include "runtime/tls_roots.h"

namespace runtime {
namespace {

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

}  // namespace

base::Result<SSL_CTX*> TlsClientContexts::trusting(const std::string& ca_file) {
  auto& slot = contexts_[ca_file];
  if (slot) return slot.get();
  std::unique_ptr<SSL_CTX, SslDeleter> context(SSL_CTX_new(TLS_client_method()));
  if (!context) return base::fail(base::ErrorCode::kCrypto, "OpenSSL cannot make a TLS context");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!ca_file.empty()) WA_TRY_VOID(add_trusted_roots(context.get(), ca_file));
  slot = std::move(context);
  return slot.get();
}

TlsClient::TlsClient(SSL_CTX* context, const std::string& host)
    : ssl_(SSL_new(context)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  if (!ssl_ || in_ == nullptr || out_ == nullptr) throw std::bad_alloc();
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    SSL_set1_host(ssl_.get(), host.c_str());
  }
}

base::Result<void> TlsClient::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1 || SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return {};
  return base::fail(error_of("TLS handshake failed"));
}

base::Result<void> TlsClient::receive(std::string_view encrypted, std::string& plain) {
  BIO_write(in_, encrypted.data(), static_cast<int>(encrypted.size()));
  if (!ready()) WA_TRY_VOID(shake_hands());
  if (!ready()) return {};
  std::array<char, 16 * 1024> piece;
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
    if (count > 0) {
      plain.append(piece.data(), static_cast<std::size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_ZERO_RETURN) return {};
    return base::fail(error_of("TLS connection broke"));
  }
}

base::Result<void> TlsClient::send(std::string_view plain) {
  ERR_clear_error();
  const int count = SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
  if (plain.empty() || count == static_cast<int>(plain.size())) return {};
  return base::fail(error_of("TLS connection broke"));
}

std::string TlsClient::take_output() {
  if (!ready()) (void)shake_hands();  // a failure shows when the peer's answer is read
  std::string out(BIO_ctrl_pending(out_), '\0');
  if (!out.empty()) BIO_read(out_, out.data(), static_cast<int>(out.size()));
  return out;
}

base::Error TlsClient::error_of(const char* what) {
  std::string text = what;
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
    text.append(": ").append(X509_verify_cert_error_string(verdict));
  } else if (const char* reason = ERR_reason_error_string(ERR_get_error()); reason != nullptr) {
    text.append(": ").append(reason);
  }
  ERR_clear_error();
  return {base::ErrorCode::kUnavailable, std::move(text)};
}

}  // namespace runtime
