// The libwebsockets context of one loop, shared by every client connection and server on it:
// `loop.shared<LwsContext>()`. Internal to this room, as is the libwebsockets header.
//
// What had to be learned about libwebsockets 4.1 with a foreign libuv loop:
// - its libuv support is a plug-in that is loaded at run time, so ldd does not see when it is missing;
// - it is torn down in two calls, with turns of the loop between them until every handle is closed;
// - a failed connect() leaks the libuv handle of the attempt, see free_failed_attempt();
// - its own timers only start when one of its sockets has had an event, so deadlines are ours;
// - resuming reads does not look at bytes that TLS has decrypted already, see set_reading().
#pragma once

#include <libwebsockets.h>
#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/event_loop.h"

namespace runtime {

/// One connection of ours behind libwebsockets.
class LwsConnection {
 public:
  virtual ~LwsConnection() = default;
  /// An event of libwebsockets' callback; not 0 closes the connection.
  virtual int on_lws(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) = 0;
};

class LwsContext {
 public:
  explicit LwsContext(EventLoop& loop);
  ~LwsContext();
  LwsContext(const LwsContext&) = delete;
  LwsContext& operator=(const LwsContext&) = delete;

  /// Whether it works; kUnavailable with a sentence for the operator when the plug-in is missing.
  [[nodiscard]] base::Result<void> check() const;

  /// For outgoing WebSockets that trust the system's roots and those of `ca_files`.
  base::Result<lws_vhost*> client_vhost(const std::vector<std::string>& ca_files);
  /// For accepted sockets without TLS.
  base::Result<lws_vhost*> plain_server_vhost();
  /// For accepted sockets with TLS. Stays until the loop ends.
  base::Result<lws_vhost*> tls_server_vhost(const std::string& certificate, const std::string& key);

  /// Gives an accepted socket to libwebsockets, which then owns it. Events go to `connection`.
  bool adopt(lws_vhost* vhost, int socket, LwsConnection& connection);

  /// Starts an outgoing connection (context, protocol and pings are filled in here). nullptr when it failed
  /// at once; otherwise events go to `connection`.
  lws* connect(lws_client_connect_info& info, LwsConnection& connection);

  [[nodiscard]] EventLoop& loop() const { return loop_; }

 private:
  base::Result<lws_vhost*> make_vhost(lws_context_creation_info& info, std::string name);
  void turn_until_handles_are_closed();

  struct SslContextDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  EventLoop& loop_;
  lws_context* context_ = nullptr;
  std::map<std::string, lws_vhost*> vhosts_;
  std::vector<std::unique_ptr<std::string>> names_;  // libwebsockets keeps pointers to them
  std::vector<std::unique_ptr<SSL_CTX, SslContextDeleter>> ssl_contexts_;
};

/// Reads on or not, also when called from outside of libwebsockets' callbacks.
void set_reading(lws* wsi, bool on);

/// Ends the connection now. Not from inside one of its own callbacks: those return -1.
void kill(lws* wsi);

/// libwebsockets closes the socket of a connect() that failed, but not the libuv handle that watched it.
void free_failed_attempt(uv_loop_t* loop, const lws* wsi);

}  // namespace runtime
