// The libwebsockets context of one loop: WebSocket client connections and servers share it.
#pragma once

#include <memory>

#include "runtime/event_loop.h"
#include "runtime/web_socket.h"

namespace runtime {

struct NetworkSettings {
  std::string ca_file{};  // extra trusted roots for TLS clients, PEM; those of a request come on top
};

/// Creates the libwebsockets-backed connector of `loop`. Destroy it before the loop; destruction closes
/// every connection it made: listeners hear kClosed, pending connect() calls end with kClosed. Throws when
/// libwebsockets cannot run on libuv because its plug-in is not installed.
std::unique_ptr<WebSocketConnector> make_web_socket_connector(EventLoop& loop, NetworkSettings settings);

}  // namespace runtime
