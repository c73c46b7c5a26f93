#include "simulator/client_connection.h"

#include "whatsapp/binary/codec.h"

namespace simulator {
namespace {

namespace noise = whatsapp::noise;

/// Handshake messages are far smaller; a client that sends more is none.
constexpr std::size_t kMaxPrologue = 128 * 1024;

}  // namespace

ClientConnection::ClientConnection(ServerCore& core, const noise::ServerCredentials& credentials,
                                   std::unique_ptr<runtime::WebSocket> socket,
                                   std::function<void(ClientConnection*)> gone)
    : core_(core),
      socket_(std::move(socket)),
      gone_(std::move(gone)),
      handshake_(std::make_unique<noise::ServerHandshake>(credentials,
                                                          crypto::generate_key_pair(core.state().random))) {}

ClientConnection::~ClientConnection() = default;

void ClientConnection::on_bytes(base::ByteView bytes) {
  if (socket_ == nullptr) return;
  if (stage_ == Stage::kPrologue) {
    take_prologue(bytes);
  } else {
    frames_.push(bytes);
  }
  take_frames();
}

void ClientConnection::take_prologue(base::ByteView bytes) {
  base::append(prologue_, bytes);
  auto read = noise::read_prologue(prologue_);
  if (!read || prologue_.size() > kMaxPrologue) {
    fail("bad_prologue", read ? "too long" : read.error().message);
    return;
  }
  if (!*read) return;
  stage_ = Stage::kHello;
  frames_.push(base::ByteView{prologue_}.subspan((*read)->size));
  base::Bytes{}.swap(prologue_);
}

void ClientConnection::take_frames() {
  while (socket_ != nullptr && stage_ != Stage::kPrologue) {
    const auto frame = frames_.next();
    if (!frame) {
      fail("bad_frame", frame.error().message);
      return;
    }
    if (!*frame) return;
    on_frame(**frame);
  }
}

void ClientConnection::on_frame(base::MutableByteView payload) {
  switch (stage_) {
    case Stage::kPrologue:
      break;
    case Stage::kHello:
      on_hello(payload);
      break;
    case Stage::kFinish:
      on_finish(payload);
      break;
    case Stage::kTransport:
      on_transport(payload);
      break;
  }
}

void ClientConnection::on_hello(base::ByteView payload) {
  auto reply = handshake_->on_client_hello(payload);
  if (!reply) {
    fail("bad_hello", reply.error().message);
    return;
  }
  stage_ = Stage::kFinish;
  send_frame(reply->hello);
  if (reply->accepted) accept(*std::move(reply->accepted));
}

void ClientConnection::on_finish(base::ByteView payload) {
  auto client = handshake_->on_client_finish(payload);
  if (!client) {
    fail("bad_finish", client.error().message);
    return;
  }
  accept(*std::move(client));
}

void ClientConnection::accept(noise::AcceptedClient client) {
  cipher_.emplace(client.keys, noise::Side::kServer);
  handshake_.reset();
  stage_ = Stage::kTransport;
  session_ = core_.connect(*this, client.device_key, client.payload);
}

void ClientConnection::on_transport(base::MutableByteView payload) {
  const auto plaintext = cipher_->open(payload);
  if (!plaintext) {
    fail("bad_cipher", plaintext.error().message);
    return;
  }
  if (whatsapp::binary::is_end_of_stream(*plaintext)) return;
  const auto stanza = whatsapp::binary::decode(*plaintext);
  if (!stanza) {
    ++core_.state().counters.malformed;
    core_.state().report("connection", "bad_stanza", stanza.error().message);
    return;
  }
  if (stanza->tag() == "xmlstreamend") {
    core_.closed(std::exchange(session_, 0));
    close();
    return;
  }
  core_.receive(session_, *stanza);
}

void ClientConnection::send(const Node& stanza) {
  if (socket_ == nullptr || !cipher_) return;
  const auto encoded = whatsapp::binary::encode(stanza);
  if (!encoded) {
    core_.state().report("server", "cannot_encode", encoded.error().message);
    return;
  }
  base::Bytes frame;
  if (!cipher_->seal(*encoded, frame)) return;
  if (flow_ == Flow::kStalled) {
    held_back_.push_back(std::move(frame));
  } else {
    (void)socket_->send(std::move(frame));
  }
}

void ClientConnection::send_frame(base::ByteView payload) {
  base::Bytes frame;
  if (noise::append_frame(frame, payload)) (void)socket_->send(std::move(frame));
}

void ClientConnection::fail(std::string_view what, std::string_view detail) {
  ++core_.state().counters.handshake_failures;
  core_.state().report("connection", std::string{what}, std::string{detail});
  core_.closed(std::exchange(session_, 0));
  close();
}

void ClientConnection::close() {
  if (socket_ == nullptr) return;
  session_ = 0;
  socket_->close();
  finish();
}

void ClientConnection::cut() {
  if (socket_ == nullptr) return;
  session_ = 0;
  finish();
}

void ClientConnection::on_closed(base::Error) {
  if (socket_ == nullptr) return;
  core_.closed(std::exchange(session_, 0));
  finish();
}

void ClientConnection::finish() {
  // This may run inside one of the socket's callbacks, so it is destroyed later, with the connection.
  closing_socket_ = std::move(socket_);
  gone_(this);
}

void ClientConnection::stall() {
  if (socket_ == nullptr || flow_ == Flow::kStalled) return;
  flow_ = Flow::kStalled;
  socket_->pause_reading();
}

void ClientConnection::resume() {
  if (socket_ == nullptr || flow_ == Flow::kOpen) return;
  flow_ = Flow::kOpen;
  for (base::Bytes& frame : std::exchange(held_back_, {})) (void)socket_->send(std::move(frame));
  socket_->resume_reading();
}

}  // namespace simulator
