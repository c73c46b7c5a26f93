// One accepted TLS connection of a media host, blocking, on a thread of its own. Reads go through a small
// buffer so that a request's head can be told from its body.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace simulator {

/// A server's certificate and key, ready for connections.
class TlsContext {
 public:
  /// PEM texts. Null context if they do not fit together.
  TlsContext(const std::string& certificate, const std::string& key);

  [[nodiscard]] SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

class TlsStream {
 public:
  /// Does not own the socket.
  TlsStream(const TlsContext& context, int socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  bool handshake();
  /// Up to and with the empty line; empty at the end of the stream or when it is longer than a head may be.
  std::optional<std::string> read_head();
  /// Some bytes; 0 at the end, also when the peer is silent for a minute.
  std::size_t read(base::MutableByteView room);
  /// A line without its end, at most 1 KiB.
  std::optional<std::string> read_line();
  bool write(base::ByteView bytes);
  bool write(std::string_view text) { return write(base::as_bytes(text)); }
  /// Says goodbye, so that what was written counts as whole.
  void end();

 private:
  bool fill();

  struct Free {
    void operator()(SSL* connection) const;
  };
  std::unique_ptr<SSL, Free> ssl_;
  base::Bytes buffer_;
  std::size_t next_ = 0;
};

}  // namespace simulator
