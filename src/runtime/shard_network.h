// The libwebsockets context of one loop: WebSocket client connections and servers share it.
#pragma once

#include <memory>

#include "runtime/event_loop.h"
#include "runtime/web_socket.h"

namespace runtime {

struct NetworkSettings {
  std::string ca_file;  // extra trusted roots for TLS clients, PEM
};

/// Creates the libwebsockets-backed connector of `loop`. Destroy it before the loop; destruction closes
/// every connection it made.
std::unique_ptr<WebSocketConnector> make_web_socket_connector(EventLoop& loop, NetworkSettings settings);

}  // namespace runtime
