// TLS as a filter between bytes and bytes, for a client: what comes from the socket goes in, what is to be
// sent comes out. Internal to this room; WebSockets and HTTP have the TLS of their libraries, this is for
// the way to a proxy.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/event_loop.h"

namespace runtime {

struct SslDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// The client contexts of one loop, `loop.shared<TlsClientContexts>()`: loading the system's roots takes time
/// and memory.
class TlsClientContexts {
 public:
  explicit TlsClientContexts(EventLoop&) {}
  /// That trusts the system's roots and those of `ca_file`, if there is one. kIo when it cannot be read.
  base::Result<SSL_CTX*> trusting(const std::string& ca_file);

 private:
  std::map<std::string, std::unique_ptr<SSL_CTX, SslDeleter>> contexts_;
};

class TlsClient {
 public:
  /// Verifies the peer's certificate for `host`, a name or an address.
  TlsClient(SSL_CTX* context, const std::string& host);

  /// Bytes from the socket; appends what they decrypt to. kUnavailable when the peer cannot be trusted or
  /// breaks off.
  base::Result<void> receive(std::string_view encrypted, std::string& plain);
  /// To be sent once the handshake is done. kUnavailable when the connection is beyond use.
  base::Result<void> send(std::string_view plain);
  /// What must go to the socket now. Also begins the handshake.
  std::string take_output();
  [[nodiscard]] bool ready() const { return SSL_is_init_finished(ssl_.get()) == 1; }

 private:
  base::Result<void> shake_hands();
  base::Error error_of(const char* what);

  std::unique_ptr<SSL, SslDeleter> ssl_;
  BIO* in_;   // owned by ssl_
  BIO* out_;  // owned by ssl_
};

}  // namespace runtime
