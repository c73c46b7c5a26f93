// A WhatsApp server in memory: it shakes hands and then does what the test says. No sockets: bytes travel in
// turns of the loop, so a test can play the time.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/web_socket.h"
#include "whatsapp/binary/codec.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/noise/certificate.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"

namespace whatsapp::test {

class ScriptedServer final : public runtime::WebSocketConnector {
 public:
  ScriptedServer(runtime::EventLoop& loop, base::Random& random) : loop_(loop), random_(random) {
    issue_.root = crypto::generate_key_pair(random);
    issue_.intermediate = crypto::generate_key_pair(random);
    key_ = crypto::generate_key_pair(random);
    issue_.server_key = key_.public_key;
    issue_.validity = {1'000'000'000, 4'000'000'000};
  }

  [[nodiscard]] const crypto::PublicKey& root() const { return issue_.root.public_key; }

  // ---- what the server does ----
  void send(const binary::Node& stanza) { send_plaintext(*binary::encode(stanza)); }
  void send_plaintext(base::ByteView plaintext) {
    base::Bytes message;
    REQUIRE(link_->cipher->seal(plaintext, message));
    deliver(std::move(message));
  }
  void send_raw(base::Bytes bytes) { deliver(std::move(bytes)); }
  void drop() {
    auto link = link_;
    loop_.defer([link] {
      if (link->listener == nullptr) return;
      std::exchange(link->listener, nullptr)->on_closed({base::ErrorCode::kIo, "connection reset", 0});
    });
  }

  // ---- what it is told to be like ----
  std::optional<base::Error> refuse_dial;
  bool silent_handshake = false;
  bool hang_dial = false;
  std::size_t piece = 0;  // how many bytes arrive at a time; 0: as they are sent
  /// Sent right after the client's last handshake message.
  std::optional<binary::Node> greeting;
  /// Each stanza of the client, as it comes.
  std::function<void(const binary::Node&)> on_stanza;

  // ---- what it saw ----
  std::vector<binary::Node> received;
  std::vector<base::Bytes> payloads;  // one per handshake
  std::vector<runtime::WebSocketRequest> upgrades;
  int closes = 0;
  bool reading_paused = false;

  [[nodiscard]] std::vector<binary::Node> received_with(std::string_view tag) const {
    std::vector<binary::Node> found;
    for (const auto& stanza : received)
      if (stanza.tag() == tag || stanza.child(tag) != nullptr) found.push_back(stanza);
    return found;
  }

  runtime::Task<base::Result<std::unique_ptr<runtime::WebSocket>>> connect(
      runtime::WebSocketRequest request, runtime::WebSocketListener& listener) override {
    upgrades.push_back(request);
    if (hang_dial) {
      runtime::OneShot<runtime::Done> never(loop_);
      const auto end = co_await never.wait_for(request.connect_timeout);
      co_return base::fail(end.error());
    }
    if (refuse_dial) co_return base::fail(*refuse_dial);
    link_ = std::make_shared<Link>();
    link_->listener = &listener;
    auto chain = noise::issue_chain(issue_, random_);
    const noise::ServerCredentials credentials{key_, std::move(chain)};
    link_->handshake.emplace(credentials, crypto::generate_key_pair(random_));
    std::unique_ptr<runtime::WebSocket> socket = std::make_unique<Socket>(*this, link_);
    co_return socket;
  }

 private:
  struct Link {
    runtime::WebSocketListener* listener = nullptr;  // null once closed
    std::optional<noise::ServerHandshake> handshake;
    std::optional<noise::FrameCipher> cipher;
    noise::FrameReader reader;
    int frames = 0;
  };

  class Socket final : public runtime::WebSocket {
   public:
    Socket(ScriptedServer& server, std::shared_ptr<Link> link) : server_(server), link_(std::move(link)) {}
    ~Socket() override { link_->listener = nullptr; }
    base::Result<void> send(base::Bytes message) override {
      if (link_->listener == nullptr) return base::fail(base::ErrorCode::kClosed, "closed");
      server_.loop_.defer(
          [server = &server_, link = link_, bytes = std::move(message)] { server->take(*link, bytes); });
      return {};
    }
    void close(int) override {
      if (std::exchange(link_->listener, nullptr) != nullptr) ++server_.closes;
    }
    void pause_reading() override { server_.reading_paused = true; }
    void resume_reading() override { server_.reading_paused = false; }
    [[nodiscard]] std::size_t unsent_bytes() const override { return 0; }

   private:
    ScriptedServer& server_;
    std::shared_ptr<Link> link_;
  };

  void deliver(base::Bytes bytes) {
    const std::size_t size = piece == 0 ? bytes.size() : piece;
    loop_.defer([link = link_, bytes = std::move(bytes), size] {
      for (std::size_t at = 0; at < bytes.size() && link->listener != nullptr; at += size)
        link->listener->on_bytes(base::ByteView{bytes}.subspan(at, std::min(size, bytes.size() - at)));
    });
  }

  void take(Link& link, base::ByteView bytes) {
    if (link.frames == 0) {
      const auto prologue = noise::read_prologue(bytes);
      REQUIRE((prologue && *prologue));
      bytes = bytes.subspan((*prologue)->size);
    }
    link.reader.push(bytes);
    for (;;) {
      const auto frame = link.reader.next();
      REQUIRE(frame);
      if (!*frame) return;
      take_frame(link, **frame);
    }
  }

  void take_frame(Link& link, base::MutableByteView frame) {
    const int number = link.frames++;
    if (number == 0) {
      const auto reply = link.handshake->on_client_hello(frame);
      REQUIRE(reply);
      base::Bytes message;
      REQUIRE(noise::append_frame(message, reply->hello));
      if (!silent_handshake) deliver(std::move(message));
    } else if (number == 1) {
      const auto client = link.handshake->on_client_finish(frame);
      REQUIRE(client);
      payloads.push_back(client->payload);
      link.cipher.emplace(client->keys, noise::Side::kServer);
      if (greeting) send(*greeting);
    } else {
      const auto plaintext = link.cipher->open(frame);
      REQUIRE(plaintext);
      const auto stanza = binary::decode(*plaintext);
      REQUIRE(stanza);
      received.push_back(*stanza);
      if (on_stanza) on_stanza(*stanza);
    }
  }

  runtime::EventLoop& loop_;
  base::Random& random_;
  noise::CertificateIssue issue_;
  crypto::KeyPair key_;
  std::shared_ptr<Link> link_;
};

}  // namespace whatsapp::test
