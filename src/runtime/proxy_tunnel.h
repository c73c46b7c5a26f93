// A way to a target through a proxy, for libraries that know no such proxy: dialled first, then joined to a
// socket of this process. Internal to this room.
//
// libwebsockets connects to an address. So that it can go through any proxy, it is given a local socket that
// exists for one connection only: an abstract unix socket with a random name, which accepts exactly one peer,
// this very process (checked by its credentials), and is gone before anything else happens. What flows
// through it is the same as without proxy: TLS with the target, end to end.
#pragma once

#include <memory>
#include <string>

#include "runtime/byte_stream.h"
#include "runtime/egress.h"
#include "runtime/one_shot.h"
#include "runtime/proxy_handshake.h"
#include "runtime/tls_client.h"

namespace runtime {

/// Closes when it is destroyed. While it lives, bytes flow both ways; no more than about half a megabyte
/// waits in either direction.
class ProxyTunnel final : public ByteStreamListener {
 public:
  /// Connects to the proxy, resolving only its own name (and the target's with Lookup::kHere), and asks it
  /// for the target. Errors: kUnavailable and kMalformed as ProxyHandshake says, kTimeout, kInvalidArgument;
  /// the message begins with the proxy (without credentials).
  static Task<base::Result<std::shared_ptr<ProxyTunnel>>> dial(EventLoop& loop, Egress egress,
                                                               ProxyTarget target, std::string ca_file,
                                                               EventLoop::Clock::time_point deadline);
  ~ProxyTunnel() override;

  /// Joins the target to a connected local socket, which it takes over.
  base::Result<void> join(int local_socket);

  explicit ProxyTunnel(EventLoop& loop) : loop_(loop) {}

 private:
  enum class State { kDialling, kWaiting, kJoined, kEnded };

  static Task<base::Result<std::shared_ptr<ProxyTunnel>>> attempt(EventLoop& loop, const Proxy& proxy,
                                                                  std::string address, ProxyTarget target,
                                                                  std::string ca_file,
                                                                  EventLoop::Clock::time_point deadline);
  base::Result<void> start(int socket, const Proxy& proxy, const ProxyTarget& target,
                           const std::string& ca_file, OneShot<Done>& opened);

  void on_stream_bytes(ByteStream& stream, std::string_view bytes) override;
  void on_stream_drained(ByteStream& stream) override;
  void on_stream_end(ByteStream& stream, base::Error why) override;

  base::Result<void> on_remote_bytes(std::string_view bytes);
  base::Result<void> shake_hands(std::string_view bytes);
  void send_remote(std::string_view bytes);
  void hand_local(std::string_view bytes);
  void end(base::Error why);

  EventLoop& loop_;
  State state_ = State::kDialling;
  std::unique_ptr<ByteStream> remote_;
  std::unique_ptr<ByteStream> local_;
  std::unique_ptr<TlsClient> tls_;  // to the proxy itself
  std::unique_ptr<ProxyHandshake> handshake_;
  std::string early_;  // of the target, before there is anybody to take it
  OneShot<Done>* opened_ = nullptr;
};

/// The local socket that one connection of this process may be made to.
class LocalDoor {
 public:
  static base::Result<LocalDoor> open();
  LocalDoor(LocalDoor&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), name_(std::move(other.name_)) {}
  LocalDoor& operator=(LocalDoor&&) = delete;
  ~LocalDoor();

  /// The abstract name, without the zero byte in front.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The connection that this process has just made; whoever else has knocked is turned away. kUnavailable
  /// when there is none.
  base::Result<int> accept();

 private:
  LocalDoor(int socket, std::string name) : socket_(socket), name_(std::move(name)) {}
  int socket_;
  std::string name_;
};

}  // namespace runtime
