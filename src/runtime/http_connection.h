// One accepted connection of a server: HTTP requests one after the other, or, after an upgrade, a
// WebSocket. libwebsockets does the socket and TLS; the protocols are ours, because its HTTP server cannot
// list unknown headers, read chunked bodies, keep a '+' in a path, or see a client leave while a request
// is being handled.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/http_request_parser.h"
#include "runtime/http_server.h"
#include "runtime/lws_context.h"
#include "runtime/send_queue.h"
#include "runtime/web_socket_frames.h"

namespace runtime {

/// What a connection asks of its server.
class HttpConnectionOwner {
 public:
  virtual ~HttpConnectionOwner() = default;
  [[nodiscard]] virtual const HttpServerSettings& settings() const = 0;
  virtual void on_request(class HttpConnection& connection, RawHttpRequest request) = 0;
  virtual void on_gone(class HttpConnection& connection) = 0;
};

class HttpConnection final : public LwsConnection,
                             public WebSocketFrameSink,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(EventLoop& loop, HttpConnectionOwner& owner, std::string peer);
  ~HttpConnection() override;

  /// Hands the socket to libwebsockets. From here on the connection keeps itself alive until it is closed.
  bool start(LwsContext& context, lws_vhost* vhost, int socket);

  /// The answer to the request that came last; nothing happens when the client has gone.
  void respond(HttpResponse response);
  /// Instead of respond(): from here on this is a WebSocket. Bytes go to `listener`.
  void become_web_socket(WebSocketListener& listener, const std::string& accept_key);
  /// The server closes: no answers any more; a WebSocket's listener is told.
  void shut_down();

  /// The WebSocket's side.
  base::Result<void> send(base::ByteView message);
  void close_web_socket(int code);
  /// The user lost interest: no more events to the listener. Ends the connection unless it is closing.
  void abandon_web_socket();
  void pause(bool on);
  [[nodiscard]] std::size_t unsent_bytes() const { return queue_.size(); }

  [[nodiscard]] const std::string& peer() const { return peer_; }

 private:
  enum class State {
    kReceiving,   // waits for a request or its rest
    kHandling,    // the handler works
    kResponding,  // the answer goes out
    kWebSocket,
    kClosing,  // flushes, then shuts its side down and waits for the peer to do the same
    kDead,     // killed, or gone
  };

  int on_lws(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) override;
  int on_received(base::MutableByteView bytes);
  int on_writable();
  void on_lws_closed();

  void feed_frames(base::MutableByteView bytes);
  void feed_parser(std::string_view bytes);
  void on_complete();
  void on_flushed();
  void next_request();
  void refuse(int status);

  void on_payload(base::ByteView bytes) override;
  void on_ping(std::string_view payload) override;
  void on_close(int code) override;
  void tell_closed(base::Error reason);

  void push(std::string bytes);
  void close_after_flush();
  void die();
  void update_reading();
  void touch();
  void watch_idle();

  EventLoop& loop_;
  HttpConnectionOwner* owner_;            // null once the server is closing or we are gone
  std::shared_ptr<HttpConnection> self_;  // while libwebsockets points here
  lws* wsi_ = nullptr;
  std::string peer_;
  State state_ = State::kReceiving;

  std::unique_ptr<HttpRequestParser> parser_;  // only while a request comes in
  std::string early_;                          // bytes of the next request, come too early
  bool keep_alive_ = false;
  bool head_only_ = false;

  std::unique_ptr<WebSocketFrameReader> frames_;
  WebSocketListener* listener_ = nullptr;

  SendQueue queue_;
  bool paused_ = false;   // by the user of the WebSocket
  bool blocked_ = false;  // the socket takes no more for now
  bool reading_ = true;   // as libwebsockets knows it
  bool flushed_ = false;  // while closing: our side is shut
  EventLoop::TimerId idle_timer_ = 0;
  EventLoop::Clock::time_point last_activity_;
};

/// The WebSocket that an acceptor gets.
std::unique_ptr<WebSocket> make_server_web_socket(std::shared_ptr<HttpConnection> connection);

}  // namespace runtime
