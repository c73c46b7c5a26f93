// The simulator over real sockets, with a small client of the test's own.
#include "simulator/simulator.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "proto/client_payload.pb.h"
#include "recorder.h"
#include "runtime/http_client.h"
#include "runtime/shard_network.h"
#include "unit/runtime/live_loop.h"
#include "whatsapp/binary/codec.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;
namespace noise = whatsapp::noise;

/// A client down to the stanza: WebSocket, Noise, frames.
class SocketClient final : public runtime::WebSocketListener {
 public:
  SocketClient(LiveLoop& live, crypto::KeyPair device, std::string payload)
      : live_(live), random_(4711), device_(std::move(device)), payload_(std::move(payload)) {}

  bool connect(runtime::WebSocketConnector& connector, const Simulator& simulator) {
    root_ = simulator.noise_root();
    return live_.finish(dial(connector, simulator.url())) && socket_ != nullptr;
  }
  void send(const Node& stanza) {
    base::Bytes frame;
    REQUIRE(cipher_->seal(*whatsapp::binary::encode(stanza), frame));
    REQUIRE(socket_->send(std::move(frame)));
  }
  /// Waits for a stanza with that tag.
  const Node* wait_for(std::string_view tag) {
    const Node* found = nullptr;
    live_.until([&] {
      const auto stanza = std::ranges::find(stanzas, tag, &Node::tag);
      found = stanza == stanzas.end() ? nullptr : &*stanza;
      return found != nullptr;
    });
    return found;
  }

  void on_bytes(base::ByteView bytes) override {
    frames_.push(bytes);
    while (auto frame = *frames_.next()) {
      if (!cipher_) {
        const noise::CertificatePolicy policy{.root_key = root_};
        auto done = handshake_->on_server_hello(*frame, policy, live_.clock.unix_seconds());
        if (!done) {
          error = done.error().message;
          return;
        }
        base::Bytes out;
        REQUIRE(noise::append_frame(out, *done->finish));
        REQUIRE(socket_->send(std::move(out)));
        cipher_.emplace(done->keys, noise::Side::kClient);
        continue;
      }
      const auto plaintext = cipher_->open(*frame);
      REQUIRE(plaintext);
      stanzas.push_back(*whatsapp::binary::decode(*plaintext));
    }
  }
  void on_closed(base::Error) override { closed = true; }

  std::vector<Node> stanzas;
  std::string error;
  bool closed = false;

 private:
  runtime::Task<void> dial(runtime::WebSocketConnector& connector, std::string url) {
    runtime::WebSocketRequest request;
    request.url = std::move(url);
    auto connected = co_await connector.connect(std::move(request), *this);
    if (!connected) co_return;
    socket_ = *std::move(connected);
    handshake_.emplace(
        noise::ClientCredentials{device_, crypto::generate_key_pair(random_), base::to_bytes(payload_)});
    base::Bytes first = noise::prologue();
    (void)noise::append_frame(first, handshake_->hello());
    (void)socket_->send(std::move(first));
  }

  LiveLoop& live_;
  base::SeededRandom random_;
  crypto::KeyPair device_;
  std::string payload_;
  crypto::PublicKey root_{};
  std::optional<noise::ClientHandshake> handshake_;
  std::optional<noise::FrameCipher> cipher_;
  noise::FrameReader frames_;
  std::unique_ptr<runtime::WebSocket> socket_;
};

struct Sockets {
  explicit Sockets(Settings settings = {})
      : connector(runtime::make_web_socket_connector(live.loop, {})),
        simulator(*Simulator::start(live.loop, std::move(settings))) {}
  ~Sockets() {
    live.finish(simulator->close());
    live.turn_for(20ms);
  }
  LiveLoop live;
  std::unique_ptr<runtime::WebSocketConnector> connector;
  std::unique_ptr<Simulator> simulator;
};

TEST_CASE("a client registers, is linked and logs in over a real socket") {
  Sockets net;
  SimulatedPhone& phone = net.simulator->create_phone({});
  Desk unused;
  Companion keys(unused);
  SocketClient registering(net.live, keys.noise, keys.registration_payload());
  REQUIRE(registering.connect(*net.connector, *net.simulator));
  const Node* offer = registering.wait_for("iq");
  REQUIRE(offer != nullptr);
  CHECK(registering.error.empty());

  keys.wires.push_back(std::make_unique<Recorder>());
  keys.wire().stanzas = registering.stanzas;
  REQUIRE(phone.scan(keys.qr()));
  registering.stanzas.clear();
  const Node* success = registering.wait_for("iq");
  REQUIRE(success != nullptr);
  const auto linked = whatsapp::pairing::accept_pair_success(
      *success->child("pair-success")->child_bytes("device-identity"), keys.adv_secret, keys.identity,
      std::nullopt, net.simulator->world().random());
  REQUIRE(linked);
  const Jid jid = *success->child("pair-success")->child("device")->jid("jid");
  registering.send(
      Node("iq")
          .with("type", "result")
          .with("id", success->attr("id"))
          .add(Node("pair-device-sign")
                   .add(Node("device-identity").with("key-index", 1).bytes(base::ByteView{linked->reply}))));
  REQUIRE(registering.wait_for("stream:error") != nullptr);
  CHECK(net.live.until([&] { return registering.closed; }));

  SocketClient session(net.live, keys.noise, Companion::login_payload(jid, Companion::Mode::kActive));
  REQUIRE(session.connect(*net.connector, *net.simulator));
  CHECK(session.wait_for("success") != nullptr);
  CHECK(net.simulator->device(jid.to_string())->link == DeviceStatus::Link::kActive);

  Companion thief_keys(unused, 77);
  SocketClient thief(net.live, thief_keys.noise, Companion::login_payload(jid, Companion::Mode::kActive));
  REQUIRE(thief.connect(*net.connector, *net.simulator));
  const Node* failure = thief.wait_for("failure");
  REQUIRE(failure != nullptr);
  CHECK(failure->attr_is("reason", "401"));
  CHECK(net.live.until([&] { return thief.closed; }));

  REQUIRE(net.simulator->inject(jid.to_string(), {.kind = Fault::Kind::kStall}));
  session.stanzas.clear();
  session.send(
      Node("iq").with("id", "p").with("type", "get").with("xmlns", "w:p").with("to", Jid::service()));
  net.live.turn_for(50ms);
  CHECK(session.stanzas.empty());
  REQUIRE(net.simulator->inject(jid.to_string(), {.kind = Fault::Kind::kResume}));
  CHECK(session.wait_for("iq") != nullptr);

  REQUIRE(net.simulator->inject(jid.to_string(), {.kind = Fault::Kind::kDropSocket}));
  CHECK(net.live.until([&] { return session.closed; }));
  CHECK(net.simulator->device(jid.to_string())->link == DeviceStatus::Link::kOffline);
}

TEST_CASE("garbage instead of a handshake ends the connection and is counted") {
  Sockets net;
  struct Garbage final : runtime::WebSocketListener {
    void on_bytes(base::ByteView) override {}
    void on_closed(base::Error) override { closed = true; }
    bool closed = false;
  } listener;
  std::unique_ptr<runtime::WebSocket> socket;
  const auto dial = [](runtime::WebSocketConnector* connector, std::string url, Garbage* into,
                       std::unique_ptr<runtime::WebSocket>* out) -> runtime::Task<void> {
    runtime::WebSocketRequest request;
    request.url = std::move(url);
    auto connected = co_await connector->connect(std::move(request), *into);
    if (connected) *out = *std::move(connected);
  };
  net.live.finish(dial(net.connector.get(), net.simulator->url(), &listener, &socket));
  REQUIRE(socket != nullptr);
  REQUIRE(socket->send(base::to_bytes("GET / HTTP/1.1")));
  CHECK(net.live.until([&] { return listener.closed; }));
  CHECK(net.simulator->world().server().state().counters.handshake_failures == 1);
}

TEST_CASE("a refused upgrade is answered with 503, once") {
  Sockets net;
  REQUIRE(net.simulator->inject("*", {.kind = Fault::Kind::kRefuseUpgrade}));
  Desk unused;
  Companion keys(unused);
  SocketClient first(net.live, keys.noise, keys.registration_payload());
  CHECK_FALSE(first.connect(*net.connector, *net.simulator));
  SocketClient second(net.live, keys.noise, keys.registration_payload());
  CHECK(second.connect(*net.connector, *net.simulator));
}

TEST_CASE("the control API creates, sends, lists, waits and injects") {
  Sockets net;
  runtime::HttpClient http(net.live.loop, {});
  const auto exchange = [](runtime::HttpClient* client, runtime::HttpRequest request,
                           std::optional<runtime::HttpResponse>* out) -> runtime::Task<void> {
    auto response = co_await client->send(std::move(request));
    if (response) *out = *std::move(response);
  };
  const auto call = [&](std::string method, const std::string& path, const std::string& body = {}) {
    runtime::HttpRequest request;
    request.method = std::move(method);
    request.url = net.simulator->control_url() + "/control/" + path;
    request.body = body;
    std::optional<runtime::HttpResponse> response;
    net.live.finish(exchange(&http, std::move(request), &response));
    REQUIRE(response);
    return std::pair{response->status, nlohmann::json::parse(response->body)};
  };

  CHECK(call("GET", "info").second["url"] == net.simulator->url());
  const auto [made, alice] = call("POST", "contacts", R"({"number":"5511955550001","devices":2})");
  CHECK(made == 200);
  CHECK(call("POST", "contacts", R"({"number":"5511955550001"})").first == 409);
  const auto bob = call("POST", "contacts", R"({"auto_reply":true})").second;
  const auto sent = call("POST", "contacts/contact-1/send",
                         nlohmann::json{{"to", bob["pn"]}, {"text", "over http"}}.dump());
  CHECK(sent.first == 200);
  const auto got = call("GET", "contacts/contact-2/received?min=1&wait_ms=2000").second;
  REQUIRE(got.size() == 1);
  CHECK(got[0]["id"] == sent.second["id"]);
  CHECK(got[0]["text"] == "over http");
  CHECK(
      call("GET", "contacts/contact-1/received?text=echo:%20over%20http&min=2&wait_ms=2000").second.size() ==
      2);
  CHECK(call("GET", "contacts/contact-1/received?min=9&wait_ms=20").second.size() == 3);
  CHECK(call("POST", "contacts/contact-1/send", R"({"to":"nobody@lid","text":"x"})").first == 404);
  CHECK(call("POST", "contacts/contact-1/send", R"({"to":7})").first == 400);
  CHECK(call("POST", "devices/" + alice["pn"].get<std::string>() + "/fault", R"({"kind":"corrupt"})").first ==
        200);
  CHECK(call("POST", "devices/*/fault", R"({"kind":"no such"})").first == 400);
  CHECK(call("POST", "phones", "not json").first == 400);
  CHECK(call("GET", "nonsense").first == 404);
  CHECK(call("GET", "stats").second["messages"] == 2);
}

}  // namespace
}  // namespace simulator
