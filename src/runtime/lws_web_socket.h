// One outgoing WebSocket connection: RFC 6455, TLS and the socket are libwebsockets', the queue of what
// waits to be sent and the deadlines are ours. Internal to this room.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "runtime/async_semaphore.h"
#include "runtime/lws_context.h"
#include "runtime/one_shot.h"
#include "runtime/proxy_tunnel.h"
#include "runtime/send_queue.h"
#include "runtime/web_socket.h"
#include "runtime/web_socket_url.h"

namespace runtime {

class LwsWebSocket final : public LwsConnection, public std::enable_shared_from_this<LwsWebSocket> {
 public:
  /// The connections of one connector.
  struct Registry {
    Registry(EventLoop& loop, std::size_t max_handshakes) : handshakes(loop, max_handshakes) {}

    AsyncSemaphore handshakes;
    std::unordered_set<LwsWebSocket*> live;
    bool closed = false;  // no new ones
  };

  LwsWebSocket(LwsContext& context, std::shared_ptr<Registry> registry, WebSocketListener& listener,
               std::size_t max_message);
  ~LwsWebSocket() override;

  /// Begins to connect; `opened` is set when the upgrade succeeded or failed. `header_lines` end with CRLF.
  /// `address` is numeric, or "+@name" for an abstract unix socket.
  void start(lws_vhost* vhost, const WebSocketUrl& url, const std::string& address, std::string header_lines,
             OneShot<Done>& opened);
  /// Keeps what the connection goes through until it is closed.
  void carry(std::shared_ptr<ProxyTunnel> tunnel);
  /// After `opened`: the user has the socket now, bytes may come. False when it has closed meanwhile.
  bool hand_over();

  base::Result<void> send(base::ByteView message);
  void close(int code);
  void pause(bool on);
  [[nodiscard]] std::size_t unsent_bytes() const { return unsent_ + in_lws_; }
  /// Nobody wants it any more.
  void abandon();
  /// The connector goes away: ends the connection and says so.
  void shut_down();

 private:
  enum class State {
    kConnecting,
    kOpen,
    kFlushing,  // close() was called, the queue still goes out
    kClosing,   // the close frame goes out, then the peer's is awaited
    kDead,      // killed, or gone
  };

  int on_lws(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) override;
  int append_headers(unsigned char** at, std::size_t room);
  int on_established();
  void on_connect_failed(const char* why, std::size_t size);
  int on_received(base::ByteView bytes);
  int on_writable();
  void on_peer_close(base::ByteView payload);
  void on_lws_closed();

  void send_close_frame(int code);
  void watch_close();
  void die();
  void tell_closed(base::Error reason);
  void finish_connecting(base::Result<Done> result);

  LwsContext& context_;  // to connect; it may end before us
  EventLoop& loop_;
  std::shared_ptr<Registry> registry_;
  std::shared_ptr<LwsWebSocket> self_;  // while libwebsockets points here
  WebSocketListener* listener_;
  lws* wsi_ = nullptr;
  OneShot<Done>* opened_ = nullptr;  // while somebody waits for it
  std::string header_lines_;         // while connecting
  std::shared_ptr<ProxyTunnel> tunnel_;
  State state_ = State::kConnecting;
  bool handed_over_ = false;
  bool paused_ = false;
  int close_code_ = 1000;
  std::size_t max_message_;
  std::size_t message_size_ = 0;  // bytes of the incoming message so far
  SendQueue queue_;               // messages, each with room for libwebsockets' frame header in front
  std::size_t unsent_ = 0;
  std::size_t in_lws_ = 0;  // bytes of the message that libwebsockets could not write at once
  EventLoop::TimerId close_timer_ = 0;
};

}  // namespace runtime
