// One client's WebSocket: Noise handshake as the server, frames, stanzas. What it decodes goes to the core,
// what the core says is encrypted and sent.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/web_socket.h"
#include "simulator/server_core.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"

namespace simulator {

class ClientConnection final : public Wire, public runtime::WebSocketListener {
 public:
  /// `gone` is called once, when the connection has ended, and must not destroy it on that stack.
  ClientConnection(ServerCore& core, const whatsapp::noise::ServerCredentials& credentials,
                   std::unique_ptr<runtime::WebSocket> socket, std::function<void(ClientConnection*)> gone);
  ~ClientConnection() override;

  // Wire
  void send(const Node& stanza) override;
  void close() override;
  void cut() override;
  void stall() override;
  void resume() override;

  // runtime::WebSocketListener
  void on_bytes(base::ByteView bytes) override;
  void on_closed(base::Error reason) override;

 private:
  void take_prologue(base::ByteView bytes);
  void take_frames();
  void on_frame(base::MutableByteView payload);
  void on_hello(base::ByteView payload);
  void on_finish(base::ByteView payload);
  void accept(whatsapp::noise::AcceptedClient client);
  void on_transport(base::MutableByteView payload);
  void send_frame(base::ByteView payload);
  void fail(std::string_view what, std::string_view detail);
  void finish();

  ServerCore& core_;
  std::unique_ptr<runtime::WebSocket> socket_;          // null once closed
  std::unique_ptr<runtime::WebSocket> closing_socket_;  // goes with the connection
  std::function<void(ClientConnection*)> gone_;
  enum class Stage { kPrologue, kHello, kFinish, kTransport } stage_ = Stage::kPrologue;
  base::Bytes prologue_;  // what has come before the prologue was complete
  whatsapp::noise::FrameReader frames_;
  std::unique_ptr<whatsapp::noise::ServerHandshake> handshake_;  // until the keys are there
  std::optional<whatsapp::noise::FrameCipher> cipher_;
  SessionId session_ = 0;
  enum class Flow { kOpen, kStalled } flow_ = Flow::kOpen;
  std::vector<base::Bytes> held_back_;  // written while stalled
};

}  // namespace simulator
