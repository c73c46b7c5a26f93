#include "whatsapp/client/connection.h"

#include <doctest/doctest.h>

#include "runtime/task_scope.h"
#include "unit/whatsapp/client/scripted_server.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::Connection;
using whatsapp::Ended;
using whatsapp::KeepAlive;
using whatsapp::Reaction;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;
using whatsapp::test::ScriptedServer;

namespace {

using Answer = std::optional<base::Result<Node>>;

template <class T>
runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}
runtime::Task<void> await_ack(std::unique_ptr<whatsapp::PendingAck> ack, Answer& out) {
  out.emplace(co_await ack->wait(30s));
}

struct Line final : whatsapp::ConnectionListener {
  explicit Line(bool dial_now = true) {
    if (dial_now) dial();
  }
  ~Line() override {
    scope.cancel();
    loop.run_until_idle();
  }
  void dial() {
    whatsapp::DialRequest request;
    request.url = "wss://example/ws/chat";
    request.noise_root = root.value_or(server.root());
    request.noise_key = noise_key;
    request.payload = base::to_bytes("hello, it is me");
    scope.spawn(keep(connection.open(std::move(request)), opened));
    loop.run_until_idle();
  }
  void pass(base::Duration time) {
    clock.advance(time);
    loop.run_until_idle();
  }
  void ask(Answer& answer) {
    scope.spawn(keep(connection.query(Node("iq").with("type", "get").with("xmlns", "abt"), 30s), answer));
    loop.run_until_idle();
  }

  void on_stanza(Node stanza) override { stanzas.push_back(std::move(stanza)); }
  void on_lost(Ended ended) override { ends.push_back(std::move(ended)); }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  base::SeededRandom random{11};
  ScriptedServer server{loop, random};
  crypto::KeyPair noise_key = crypto::generate_key_pair(random);
  std::optional<crypto::PublicKey> root;
  whatsapp::binary::RequestIds ids{random};
  KeepAlive life{loop, random, {}};
  Connection connection{loop, server, random, ids, life, base::Log{}, *this};
  std::optional<std::optional<Ended>> opened;
  std::vector<Node> stanzas;
  std::vector<Ended> ends;
  runtime::TaskScope scope{loop};
};

}  // namespace

TEST_CASE("a dial shakes hands and carries the payload, with the web client's headers") {
  Line line;
  REQUIRE(line.opened);
  CHECK_FALSE(*line.opened);
  REQUIRE(line.server.payloads.size() == 1);
  CHECK(base::as_text(line.server.payloads[0]) == "hello, it is me");
  const auto& headers = line.server.upgrades[0].headers;
  CHECK(headers[0] == std::pair<std::string, std::string>{"Origin", "https://web.whatsapp.com"});
}

TEST_CASE("a stanza glued to the end of the handshake is not lost") {
  Line line(false);
  line.server.greeting = Node("success").with("t", 1'700'000'000);
  line.dial();
  REQUIRE(line.stanzas.size() == 1);
  CHECK(line.stanzas[0].tag() == "success");
}

TEST_CASE("a wrong root, a silent server and a failed dial are told apart") {
  Line wrong(false);
  wrong.root = whatsapp::noise::kServiceRoot;
  wrong.dial();
  REQUIRE((wrong.opened && *wrong.opened));
  CHECK((*wrong.opened)->reason == "handshake_failed");
  CHECK(wrong.server.payloads.empty());

  Line silent(false);
  silent.server.silent_handshake = true;
  silent.dial();
  CHECK_FALSE(silent.opened);
  silent.pass(20s);
  REQUIRE((silent.opened && *silent.opened));
  CHECK((*silent.opened)->reaction == Reaction::kRetry);

  Line refused(false);
  refused.server.refuse_dial = base::Error{ErrorCode::kRejected, "forbidden", 403};
  refused.dial();
  REQUIRE((refused.opened && *refused.opened));
  CHECK((*refused.opened)->reaction == Reaction::kRetrySlow);
}

TEST_CASE("a certificate outside its time points to the clock") {
  Line line(false);
  line.clock.jump_wall(std::chrono::hours{24 * 365 * 100});
  line.dial();
  REQUIRE((line.opened && *line.opened));
  CHECK((*line.opened)->message.find("clock") != std::string::npos);
}

TEST_CASE("a connection lost during the handshake fails it") {
  Line line(false);
  line.server.silent_handshake = true;
  line.dial();
  line.server.drop();
  line.loop.run_until_idle();
  REQUIRE((line.opened && *line.opened));
  CHECK((*line.opened)->reaction == Reaction::kRetry);
}

TEST_CASE("stanzas arrive whole and in order, however the bytes are cut") {
  for (std::size_t piece = 1; piece < 40; ++piece) {
    CAPTURE(piece);
    Line line(false);
    line.server.piece = piece;
    line.dial();
    line.server.send(Node("notification").with("id", "1"));
    line.server.send(Node("message").with("id", "2"));
    line.loop.run_until_idle();
    REQUIRE(line.stanzas.size() == 2);
    CHECK(line.stanzas[0].tag() == "notification");
    CHECK(line.stanzas[1].tag() == "message");
  }
}

TEST_CASE("a query gets the answer with its id, and an error with its code") {
  Line line;
  Answer good, bad;
  line.ask(good);
  line.ask(bad);
  REQUIRE(line.server.received.size() == 2);
  const auto first = *line.server.received[0].attr("id");
  const auto second = *line.server.received[1].attr("id");
  CHECK(first != second);
  line.server.send(Node("iq")
                       .with("type", "error")
                       .with("id", second)
                       .add(Node("error").with("code", 429).with("text", "rate-overlimit")));
  line.server.send(Node("iq").with("type", "result").with("id", first));
  line.loop.run_until_idle();
  REQUIRE((good && bad));
  CHECK(*good);
  CHECK(bad->error().code == ErrorCode::kRejected);
  CHECK(bad->error().detail == 429);
  CHECK(line.stanzas.empty());
}

TEST_CASE("a request of the server with our id is no answer") {
  Line line;
  Answer answer;
  line.ask(answer);
  const auto id = *line.server.received[0].attr("id");
  line.server.send(Node("iq").with("type", "set").with("id", id).with("xmlns", "md"));
  line.server.send(Node("receipt").with("id", id));
  line.loop.run_until_idle();
  CHECK_FALSE(answer);
  CHECK(line.stanzas.size() == 2);
}

TEST_CASE("an unanswered query times out, and its late answer disturbs nobody") {
  Line line;
  Answer answer;
  line.ask(answer);
  line.pass(30s);
  REQUIRE(answer);
  CHECK(answer->error().code == ErrorCode::kTimeout);
  line.server.send(Node("iq").with("type", "result").with("id", *line.server.received[0].attr("id")));
  line.loop.run_until_idle();
  CHECK(line.stanzas.empty());
  CHECK(line.ends.empty());
}

TEST_CASE("an ack that comes before anybody waits for it is kept") {
  Line line;
  auto pending = line.connection.expect_ack("3EB0");
  line.server.send(Node("ack").with("class", "message").with("id", "3EB0").with("t", 5));
  line.loop.run_until_idle();
  Answer answer;
  line.scope.spawn(await_ack(std::move(pending), answer));
  line.loop.run_until_idle();
  REQUIRE((answer && *answer));
  CHECK((*answer)->attr_is("t", "5"));
  CHECK(line.stanzas.empty());
}

TEST_CASE("pings of the server are answered, with and without an id") {
  Line line;
  line.server.send(Node("iq")
                       .with("type", "get")
                       .with("xmlns", "urn:xmpp:ping")
                       .with("from", Jid::service())
                       .with("id", "77"));
  line.server.send(Node("iq").with("type", "get").with("from", Jid::service()).add(Node("ping")));
  line.loop.run_until_idle();
  REQUIRE(line.server.received.size() == 2);
  CHECK(line.server.received[0].attr_is("type", "result"));
  CHECK(line.server.received[0].attr_is("id", "77"));
  CHECK(line.server.received[0].jid("to") == Jid::service());
  CHECK_FALSE(line.server.received[1].has_attr("id"));
}

TEST_CASE("everything that waits hears of the end, once") {
  Line line;
  Answer query, ack;
  line.ask(query);
  line.scope.spawn(await_ack(line.connection.expect_ack("3EB0"), ack));
  line.server.drop();
  line.loop.run_until_idle();
  REQUIRE((query && ack));
  CHECK(query->error().code == ErrorCode::kClosed);
  CHECK(ack->error().code == ErrorCode::kClosed);
  REQUIRE(line.ends.size() == 1);
  CHECK(line.ends[0].reason == "connection_lost");
  CHECK(line.connection.send(Node("ib")).error().code == ErrorCode::kClosed);
}

TEST_CASE("hostile frames end the connection, and it is retried") {
  const auto ends_with = [](auto attack) {
    Line line;
    attack(line);
    line.loop.run_until_idle();
    REQUIRE(line.ends.size() == 1);
    CHECK(line.ends[0].reaction == Reaction::kRetry);
    CHECK(line.ends[0].reason == "bad_frame");
  };
  ends_with([](Line& line) {
    line.server.send_raw({0, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20});
  });
  ends_with([](Line& line) { line.server.send_raw({0, 0, 4, 1, 2, 3, 4}); });
  ends_with([](Line& line) { line.server.send_raw({0, 0, 0}); });
}

TEST_CASE("a stanza that cannot be decoded is dropped; many of them end the connection") {
  Line line;
  for (int i = 0; i < 16; ++i) line.server.send_plaintext(base::Bytes{0x00, 0xf8, 0x07});
  line.server.send(Node("message").with("id", "1"));
  line.loop.run_until_idle();
  CHECK(line.ends.empty());
  CHECK(line.stanzas.size() == 1);
  line.server.send_plaintext(base::Bytes{0x00, 0xf8, 0x07});
  line.loop.run_until_idle();
  REQUIRE(line.ends.size() == 1);
  CHECK(line.ends[0].reaction == Reaction::kRetry);
}

TEST_CASE("the frame that is only 02 is the end of the stream") {
  Line line;
  line.server.send_plaintext(base::Bytes{0x02});
  line.loop.run_until_idle();
  REQUIRE(line.ends.size() == 1);
  CHECK(line.ends[0].reason == "stream_end");
}

TEST_CASE("reading pauses, but never while an answer is waited for") {
  Line line;
  line.connection.pause_reading();
  CHECK(line.server.reading_paused);
  Answer answer;
  line.ask(answer);
  CHECK_FALSE(line.server.reading_paused);
  line.connection.pause_reading();
  CHECK_FALSE(line.server.reading_paused);
}

TEST_CASE("the server's clock is learned") {
  Line line;
  line.connection.learn_server_time(line.clock.unix_seconds() + 86'400);
  line.clock.advance(10s);
  CHECK(line.connection.server_time() == line.clock.unix_seconds() + 86'400);
}

TEST_CASE("after close nothing is told any more") {
  Line line;
  line.server.send(Node("message"));
  line.connection.close();
  line.loop.run_until_idle();
  line.server.drop();
  line.loop.run_until_idle();
  CHECK(line.stanzas.empty());
  CHECK(line.ends.empty());
  CHECK(line.server.closes == 1);
}
