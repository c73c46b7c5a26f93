#include "whatsapp/client/client.h"

#include <doctest/doctest.h>

#include "proto/client_payload.pb.h"
#include "unit/whatsapp/client/account_bench.h"
#include "unit/whatsapp/client/scripted_server.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/pairing/qr_text.h"

using namespace std::chrono_literals;
using whatsapp::Client;
using whatsapp::Ended;
using whatsapp::Reaction;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;
using whatsapp::binary::Server;
using whatsapp::test::AccountBench;
using whatsapp::test::ScriptedServer;
namespace pairing = whatsapp::pairing;
using Reached = Ended::Reached;

namespace {

class NoSink final : public whatsapp::MessageSink {
 public:
  [[nodiscard]] bool has_room() const override { return room; }
  void stage(const whatsapp::IncomingMessage&, whatsapp::store::Changes&) override {}
  void staged() override {}
  void stage_event(const whatsapp::ClientEvent&, whatsapp::store::Changes&) override {}
  void tell(const whatsapp::ClientEvent&) override {}
  bool room = true;
};

/// A whole client against the scripted server.
struct Live : AccountBench {
  Live() {
    server.on_stanza = [this](const Node& stanza) { answer(stanza); };
    whatsapp::ClientSettings settings;
    settings.noise_root = server.root();
    client = std::make_unique<Client>(
        whatsapp::ClientDependencies{loop, server, store, random, observer, sink, base::Log{}}, settings);
  }
  ~Live() {
    runs.cancel();
    until([this] { return runs.running() == 0; });
    client.reset();
  }

  /// An account that was linked before.
  void link() {
    auto credentials = whatsapp::make_credentials(random, clock.unix_seconds());
    credentials.paired.emplace();
    credentials.paired->pn = Jid("5511999999999", Server::kUser, 3);
    credentials.paired->push_name = "@Shop";
    whatsapp::store::Changes changes;
    changes.credentials = credentials;
    REQUIRE(run(store.commit(changes)));
  }
  void start() {
    ended.reset();
    runs.spawn(keep(client->run(), ended));
    settle();
  }
  /// From dial to open.
  void open() {
    link();
    start();
    server.send(success());
    until([this] { return !observer.opened.empty(); });
  }
  static Node success() {
    return Node("success").with("t", 1'760'000'100).with("lid", Jid("123456789012345", Server::kLid, 3));
  }
  void expect_end(Reaction reaction, std::string_view reason) {
    until([this] { return ended.has_value(); });
    CHECK(ended->reaction == reaction);
    CHECK(ended->reason == reason);
    CHECK_FALSE(client->is_open());
  }

  void answer(const Node& stanza) {
    if (stanza.tag() != "iq" || stanza.attr_is("type", "result")) return;
    for (const auto& tag : unanswered)
      if (stanza.attr_is("xmlns", tag) || stanza.child(tag) != nullptr) return;
    auto result =
        Node("iq").with("type", "result").with("id", stanza.attr("id")).with("from", Jid::service());
    if (stanza.child("count") != nullptr) result.add_child(Node("count").with("value", key_count));
    if (stanza.child("digest") != nullptr) {
      server.send(std::move(result).with("type", "error").add(Node("error").with("code", 503)));
      return;
    }
    if (stanza.child("list") != nullptr)
      key_count = static_cast<int>(stanza.child("list")->children().size());
    server.send(result);
  }

  /// Names of what the client sent, in order.
  std::vector<std::string> order() {
    std::vector<std::string> names;
    for (const Node& stanza : server.received) {
      const auto children = stanza.children();
      names.push_back(stanza.tag() == "iq" && !children.empty() ? children[0].tag() : stanza.tag());
    }
    return names;
  }

  ScriptedServer server{loop, random};
  NoSink sink;
  std::unique_ptr<Client> client;
  std::optional<Ended> ended;
  std::vector<std::string> unanswered;
  int key_count = 0;
  runtime::TaskScope runs{loop};
};

whatsapp::proto::ClientPayload parsed(base::ByteView payload) {
  whatsapp::proto::ClientPayload out;
  REQUIRE(out.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
  return out;
}

}  // namespace

TEST_CASE("the first start makes keys, stores them, and registers with them") {
  Live live;
  live.start();
  const auto stored = *live.device_store->credentials();
  REQUIRE(stored);
  CHECK_FALSE(stored->paired);
  REQUIRE(live.server.payloads.size() == 1);
  const auto payload = parsed(live.server.payloads[0]);
  CHECK_FALSE(payload.has_username());
  CHECK(payload.device_pairing_data().e_ident() == base::to_string(stored->identity.public_key));
}

TEST_CASE("from the code over pair-success and restart to the first login") {
  Live live;
  live.start();
  Node offer("pair-device");
  for (int i = 0; i < 6; ++i) offer.add_child(Node("ref").text("2@ref" + std::to_string(i)));
  const auto from_server = [](const char* id) {
    return Node("iq").with("type", "set").with("xmlns", "md").with("id", id).with("from", Jid::service());
  };
  live.server.send(from_server("1").add(std::move(offer)));
  live.settle();
  REQUIRE(live.observer.codes.size() == 1);

  // An early success must not be taken for a login.
  live.server.send(Live::success());
  live.settle();
  CHECK(live.observer.opened.empty());

  const auto scanned = *pairing::parse_qr_text(live.observer.codes[0]);
  const auto phone = crypto::generate_key_pair(live.random);
  pairing::DeviceDetails details;
  details.key_index = 1;
  auto container =
      pairing::make_identity_container(phone, details, scanned.identity, scanned.adv_secret, live.random);
  live.server.send(
      from_server("2").add(Node("pair-success")
                               .add(Node("device").with("jid", Jid("5511999999999", Server::kUser, 3)))
                               .add(Node("device-identity").bytes(std::move(container)))));
  live.settle();
  REQUIRE(live.observer.paired.size() == 1);
  CHECK(live.server.received_with("pair-device-sign").size() == 1);
  live.server.send(Node("stream:error").with("code", 515));
  live.expect_end(Reaction::kRetryNow, "restart_required");
  CHECK(live.ended->reached == Reached::kPaired);
  CHECK(live.ended->code == 515);

  live.start();
  REQUIRE(live.server.payloads.size() == 2);
  CHECK(parsed(live.server.payloads[1]).username() == 5511999999999);
  live.server.send(Live::success());
  live.until([&] { return !live.observer.opened.empty(); });
  CHECK(live.observer.opened[0].lid.to_string() == "123456789012345:3@lid");
  CHECK(live.client->is_open());
}

TEST_CASE("after success: count, upload, active, open, and only then the rest") {
  Live live;
  live.open();
  live.pass(10s);
  const auto order = live.order();
  REQUIRE(order.size() >= 5);
  CHECK(order[0] == "count");
  CHECK(order[1] == "registration");  // the upload
  CHECK(order[2] == "active");
  CHECK(order[3] == "presence");
  CHECK(order[4] == "props");
  CHECK(live.server.received_with("presence")[0].attr_is("type", "unavailable"));
  CHECK(live.server.received_with("presence")[0].attr_is("name", "Shop"));
  CHECK(live.server.received_with("digest").size() == 1);
}

TEST_CASE("what success says is remembered") {
  Live live;
  live.open();
  const auto stored = *live.device_store->credentials();
  CHECK(stored->login_count == 1);
  CHECK(stored->paired->lid.to_string() == "123456789012345:3@lid");
  CHECK(*live.device_store->lid_of("5511999999999") == "123456789012345");
}

TEST_CASE("active is sent even when the server does not answer about keys") {
  Live live;
  live.unanswered = {"encrypt"};
  live.link();
  live.start();
  live.server.send(Live::success());
  live.settle();
  live.pass(16s);
  CHECK(live.server.received_with("active").size() == 1);
  CHECK(live.observer.opened.size() == 1);
}

TEST_CASE("without an answer to active there is no use in staying") {
  Live live;
  live.unanswered = {"passive"};
  live.link();
  live.start();
  live.server.send(Live::success());
  live.settle();
  for (int i = 0; i < 40 && !live.ended; ++i) {
    live.pass(1s);
    live.server.send(Node("ib"));  // the connection itself is alive
  }
  live.expect_end(Reaction::kRetry, "login_timeout");
  CHECK(live.observer.opened.empty());
}

TEST_CASE("a second success changes nothing") {
  Live live;
  live.open();
  const auto sent = live.server.received_with("active").size();
  live.server.send(Live::success());
  live.settle();
  CHECK(live.observer.opened.size() == 1);
  CHECK(live.server.received_with("active").size() == sent);
  CHECK((*live.device_store->credentials())->login_count == 1);
}

TEST_CASE("a refused login and a stream error end the connection with their reaction, once") {
  Live refused;
  refused.link();
  refused.start();
  refused.server.send(Node("failure").with("reason", 401));
  refused.expect_end(Reaction::kWipe, "logged_out");
  CHECK(refused.ended->reached == Reached::kNothing);

  Live replaced;
  replaced.open();
  replaced.server.send(Node("stream:error").add(Node("conflict").with("type", "replaced")));
  replaced.server.send(Node("stream:error").with("code", 515));
  replaced.expect_end(Reaction::kStop, "replaced");
  CHECK(replaced.ended->reached == Reached::kOpen);

  Live ended;
  ended.open();
  ended.server.send(Node("xmlstreamend"));
  ended.expect_end(Reaction::kRetry, "stream_end");

  Live lost;
  lost.open();
  lost.server.drop();
  lost.expect_end(Reaction::kRetry, "connection_lost");
}

TEST_CASE("hostile frames end the connection, and it is retried") {
  Live live;
  live.open();
  live.server.send_raw({0, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
  live.expect_end(Reaction::kRetry, "bad_frame");
}

TEST_CASE("a server that says nothing after the handshake is given up after 30 s") {
  Live live;
  live.link();
  live.start();
  live.pass(29s);
  CHECK_FALSE(live.ended);
  live.pass(1s);
  live.expect_end(Reaction::kRetry, "no_first_stanza");
}

TEST_CASE("a connection that falls silent is dead within 50 s, and tried again at once") {
  Live live;
  live.open();
  live.pass(30s);
  live.unanswered = {"w:p", "abt", "encrypt", "privacy", "w:sync:app:state", "usync", "w:g2", "blocklist"};
  live.pass(50s);
  live.expect_end(Reaction::kRetryNow, "keepalive_timeout");
}

TEST_CASE("the offline queue: one request per preview, synced at its end") {
  Live live;
  live.open();
  live.server.send(Node("ib").add(Node("offline_preview").with("count", 3)));
  live.settle();
  CHECK(live.server.received_with("offline_batch").size() == 1);
  live.server.send(Node("ib").add(Node("thread_metadata")));
  live.settle();
  CHECK(live.observer.synced == 0);
  live.server.send(Node("ib").add(Node("offline").with("count", 3)));
  live.settle();
  CHECK(live.observer.synced == 1);
}

TEST_CASE("a server that forgets the end marker does not keep us waiting for ever") {
  Live live;
  live.open();
  live.server.send(Node("ib").add(Node("offline_preview").with("count", 3)));
  live.pass(70s);
  CHECK(live.observer.synced == 1);
}

TEST_CASE("a dirty mark is cleaned with its own type and time") {
  Live live;
  live.open();
  live.server.send(
      Node("ib").add(Node("dirty").with("type", "newsletter_metadata").with("timestamp", 1'700'000'000)));
  live.settle();
  const auto cleans = live.server.received_with("clean");
  REQUIRE(cleans.size() == 1);
  CHECK(cleans[0].attr_is("xmlns", "urn:xmpp:whatsapp:dirty"));
  CHECK(cleans[0].child("clean")->attr_is("type", "newsletter_metadata"));
  CHECK(cleans[0].child("clean")->attr_is("timestamp", "1700000000"));
}

TEST_CASE("a disk that fails during login ends the connection before it is open") {
  Live live;
  live.link();
  live.start();
  live.device_store->broken = true;
  live.server.send(Live::success());
  live.expect_end(Reaction::kRetry, "store_failed");
  live.device_store->broken = false;
  CHECK(live.observer.opened.empty());
}

TEST_CASE("a disk that fails at the start ends the run without a dial") {
  Live live;
  live.device_store->broken = true;
  live.start();
  live.expect_end(Reaction::kRetry, "store_failed");
  live.device_store->broken = false;
  CHECK(live.server.upgrades.empty());
}

TEST_CASE("disconnect ends an open connection as stopped, with a close") {
  Live live;
  live.open();
  live.client->disconnect();
  live.expect_end(Reaction::kStop, "stopped");
  CHECK(live.server.closes == 1);
}

TEST_CASE("cancelling run ends it as stopped at every stage") {
  for (int stage = 0; stage < 5; ++stage) {
    CAPTURE(stage);
    Live live;
    if (stage > 0) live.link();
    live.server.hang_dial = stage == 1;
    live.server.silent_handshake = stage == 2;
    if (stage == 4) live.unanswered = {"encrypt"};
    live.start();
    if (stage >= 3) live.server.send(Live::success());
    if (stage >= 3) live.settle();
    live.runs.cancel();
    live.until([&] { return live.ended.has_value(); });
    CHECK(live.ended->reason == "stopped");
    live.pass(60s);
    CHECK(live.server.upgrades.size() == 1);
  }
}

TEST_CASE("a client can be run again and again, each time with a fresh connection") {
  Live live;
  live.link();
  for (int i = 1; i <= 20; ++i) {
    live.start();
    live.server.send(Live::success());
    live.until([&] { return static_cast<int>(live.observer.opened.size()) == i; });
    live.client->disconnect();
    live.expect_end(Reaction::kStop, "stopped");
  }
  CHECK((*live.device_store->credentials())->login_count == 20);
  CHECK(live.scope.running() == 0);
}

TEST_CASE("messages that nobody can take in pause the reading; too many of them end the connection") {
  Live live;
  live.open();
  live.pass(30s);
  live.sink.room = false;
  const auto message = [](int i) {
    return Node("message")
        .with("from", Jid("5511888888888", Server::kUser))
        .with("id", "M" + std::to_string(i))
        .with("type", "text")
        .with("t", 1'760'000'200)
        .add(Node("enc").with("v", "2").with("type", "msg").bytes(base::Bytes(64)));
  };
  for (int i = 0; i < 600; ++i) live.server.send(message(i));
  live.settle();
  CHECK(live.server.reading_paused);
  CHECK_FALSE(live.ended);
  for (int i = 600; i < 20'000; ++i) live.server.send(message(i));
  live.expect_end(Reaction::kRetry, "overloaded");
}
