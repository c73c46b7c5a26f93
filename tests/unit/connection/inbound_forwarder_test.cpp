#include "connection/inbound_forwarder.h"

#include <doctest/doctest.h>

#include <map>

#include "connection/inbound_payload.h"
#include "unit/instance_manager/fake_edge.h"
#include "unit/whatsapp/store/temporary_folder.h"
#include "whatsapp/store/memory_device_store.h"
#include "whatsapp/store/sqlite_device_store.h"

using namespace worker;
using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::IncomingMessage;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;

namespace {

const Jid kAna("5511999990001", Server::kUser);
const Jid kBob("5511999990002", Server::kUser);
const Jid kGroup("120363012345678901", Server::kGroup);
const Jid kAnaLid("123456789012345", Server::kLid);

/// Takes messages as the test says, at once or when it lets a chat go on.
class InboundEdge final : public worker::testing::FakeEdge {
 public:
  InboundEdge(runtime::EventLoop& loop, const base::Clock& clock) : FakeEdge(clock), loop_(loop) {}

  std::vector<edge::InboundMessage> taken;
  std::vector<std::optional<std::uint64_t>> fences;
  std::function<base::Result<void>(const edge::InboundMessage&)> on_inbound = [](const auto&) {
    return base::Result<void>{};
  };
  std::string hanging_chat;  // posts of this chat are not answered
  int at_once = 0, most_at_once = 0;
  base::Result<std::string> contact = base::fail(ErrorCode::kNotFound, "no such endpoint", 404);
  int contacts_asked = 0;

  Reply<void> inbound(edge::InboundMessage message, edge::Call call) override {
    if (message.chat_id == hanging_chat) {
      runtime::OneShot<runtime::Done> never(loop_);
      const auto woken = co_await never.wait();
      co_return base::fail(woken.error());
    }
    most_at_once = std::max(most_at_once, ++at_once);
    const auto slept = co_await runtime::sleep_for(loop_, 100ms);
    --at_once;
    if (!slept) co_return base::fail(slept.error());
    auto answer = on_inbound(message);
    fences.push_back(call.fence);
    if (answer) taken.push_back(std::move(message));
    co_return answer;
  }
  Reply<std::string> resolve_contact(edge::ContactQuery, edge::Call) override {
    ++contacts_asked;
    co_return contact;
  }

 private:
  runtime::EventLoop& loop_;
};

IncomingMessage text(const Jid& chat, const std::string& id, const std::string& body = "oi") {
  IncomingMessage message;
  message.chat = chat;
  message.sender = chat;
  message.id = id;
  message.timestamp = 1'760'000'000;
  message.push_name = "Ana";
  message.content.kind = whatsapp::message::Kind::kText;
  message.content.text = body;
  return message;
}

struct Bench {
  base::ManualClock& clock;
  runtime::EventLoop loop{clock};
  runtime::BlockingExecutor executor{1};
  runtime::TaskScope scope{loop}, probe{loop};
  base::SeededRandom random{3};
  InboundEdge edge{loop, clock};
  edge::ContactResolver contacts{loop, edge};
  whatsapp::AccountStore store;
  std::vector<std::string> counted;
  int room_again = 0;
  InboundForwarder forwarder;

  Bench(base::ManualClock& c, std::unique_ptr<whatsapp::store::DeviceStore> device,
        InboundSettings settings = {})
      : clock(c),
        store(std::move(device), executor.lane(loop)),
        forwarder({.loop = loop,
                   .edge = edge,
                   .contacts = contacts,
                   .store = store,
                   .random = random,
                   .log = {},
                   .fence = 9,
                   .own_jid = [] { return std::string("5511000000000:3@s.whatsapp.net"); },
                   .room_again = [this] { ++room_again; },
                   .counted = [this](const std::string& result) { counted.push_back(result); }},
                  named(std::move(settings))) {}
  ~Bench() {
    scope.cancel();
    settle();
    REQUIRE(scope.running() == 0);
    probe.spawn(contacts.close());
    probe.spawn(store.close());
    while (probe.running() != 0) loop.run_once();
  }
  static InboundSettings named(InboundSettings settings) {
    settings.instance_id = "inst";
    return settings;
  }

  void start() {
    scope.spawn(forwarder.run());
    settle();
    room_again = 0;
  }
  /// As the client does it: staged with the ratchet's transaction, told afterwards.
  void arrive(const IncomingMessage& message) {
    whatsapp::store::Changes changes;
    forwarder.stage(message, changes);
    probe.spawn(commit(std::move(changes)));
    settle();
  }
  void settle() {
    for (int round = 0; round < 6; ++round) {
      bool done = false;
      probe.spawn(probe_lane(done));
      while (!done) loop.run_once();
      loop.run_until_idle();
    }
  }
  void play(base::Duration time, base::Duration step = 100ms) {
    for (auto end = clock.now() + time; clock.now() < end; clock.advance(step)) settle();
    settle();
  }
  std::vector<std::string> taken_ids() const {
    std::vector<std::string> ids;
    for (const auto& message : edge.taken) ids.push_back(message.wa_message_id);
    return ids;
  }

 private:
  runtime::Task<void> commit(whatsapp::store::Changes changes) {
    const auto done = co_await store.commit(std::move(changes));
    if (done) forwarder.staged();
  }
  runtime::Task<void> probe_lane(bool& done) {
    auto lane = executor.lane(loop);
    const auto nothing = [] {};
    co_await lane.run(nothing);
    done = true;
  }
};

std::unique_ptr<whatsapp::store::DeviceStore> in_memory() {
  return std::make_unique<whatsapp::store::MemoryDeviceStore>();
}
std::unique_ptr<whatsapp::store::DeviceStore> in_folder(const TemporaryFolder& folder) {
  return whatsapp::store::SqliteDeviceStore::open({folder.path(), whatsapp::store::Durability::kNormal})
      .value();
}

}  // namespace

TEST_CASE("a direct message reaches the edge with the contract's fields, once, and leaves the spool") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  bench.start();
  auto message = text(kAna, "M1", "olá");
  message.sender_lid = kAnaLid;
  message.sender_pn = kAna;
  message.content.quoted_id = "Q0";
  message.content.mentions = {"1@lid"};
  bench.arrive(message);
  bench.play(10s);
  REQUIRE(bench.edge.taken.size() == 1);
  const auto& posted = bench.edge.taken[0];
  CHECK(posted.instance_id == "inst");
  CHECK(posted.from == kAna.to_string());
  CHECK(posted.sender_jid_raw == kAna.to_string());
  CHECK(posted.to == "5511000000000:3@s.whatsapp.net");
  CHECK(posted.chat_id == kAna.to_string());
  CHECK(posted.body == "olá");
  CHECK(posted.kind == "text");
  CHECK(posted.push_name == "Ana");
  CHECK(posted.wa_message_id == "M1");
  CHECK(posted.timestamp == 1'760'000'000);
  CHECK(posted.origin == edge::MessageOrigin::kReceived);
  CHECK(posted.sender_pn == kAna.to_string());
  CHECK(posted.sender_lid == kAnaLid.to_string());
  REQUIRE(posted.context.has_value());
  CHECK(posted.context->quoted_id == "Q0");
  CHECK(posted.context->mentions == std::vector<std::string>{"1@lid"});
  CHECK(bench.edge.fences.at(0) == 9);
  CHECK(bench.forwarder.backlog().rows == 0);
  CHECK(bench.forwarder.backlog().bytes == 0);
  CHECK(bench.counted == std::vector<std::string>{"delivered"});
}

TEST_CASE("in a group the author is the participant; our own message says so") {
  auto message = text(kGroup, "M1");
  message.sender = Jid("123456789012345", Server::kLid, 7);
  auto posted = to_inbound(message, "inst", "own");
  CHECK(posted.chat_id == kGroup.to_string());
  CHECK(posted.from == kAnaLid.to_string());
  CHECK(posted.sender_jid_raw == kAnaLid.to_string());

  auto own = text(kAna, "M2");
  own.sender = Jid("5511000000000", Server::kUser, 3);
  own.direction = IncomingMessage::Direction::kFromMe;
  posted = to_inbound(own, "inst", "own");
  CHECK(posted.origin == edge::MessageOrigin::kFromMe);
  CHECK(posted.from == kAna.to_string());
  CHECK(posted.chat_id == kAna.to_string());
}

TEST_CASE("a spooled message comes back as it was staged; what is no such message is an error") {
  auto message = text(kGroup, "M1", "corpo \xf0\x9f\x8e\x89 \"x\"");
  message.sender = kAnaLid;
  message.sender_pn = kAna;
  message.content.mentions = {"a@lid", "b@lid"};
  message.direction = IncomingMessage::Direction::kFromMe;
  const auto staged = to_inbound(message, "inst", "own");
  const auto back = decode_inbound(encode_inbound(staged)).value();
  CHECK(encode_inbound(back) == encode_inbound(staged));
  CHECK(back.body == message.content.text);
  CHECK(back.origin == edge::MessageOrigin::kFromMe);
  for (const char* payload : {"", "[]", "{}", "nonsense", R"({"chat_id":"x"})"})
    CHECK_FALSE(decode_inbound(payload).has_value());
}

TEST_CASE("a message without text is not told, but takes nothing with it") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  whatsapp::store::Changes changes;
  bench.forwarder.stage(text(kAna, "M1", ""), changes);
  CHECK(changes.empty());
  CHECK(bench.forwarder.backlog().rows == 0);
}

TEST_CASE("order holds inside a chat; chats go side by side, no more than the bound") {
  base::ManualClock clock;
  InboundSettings settings;
  settings.parallel_chats = 3;
  Bench bench(clock, in_memory(), settings);
  for (int i = 0; i < 4; ++i)
    for (int chat = 0; chat < 6; ++chat)
      bench.arrive(text(Jid("551199999000" + std::to_string(chat), Server::kUser), std::to_string(i)));
  bench.start();
  bench.play(10s);
  REQUIRE(bench.edge.taken.size() == 24);
  CHECK(bench.edge.most_at_once == 3);
  std::map<std::string, std::string> by_chat;
  for (const auto& message : bench.edge.taken) by_chat[message.chat_id] += message.wa_message_id;
  for (const auto& [chat, order] : by_chat) CHECK(order == "0123");
}

TEST_CASE("a chat whose message hangs holds up only itself") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  bench.edge.hanging_chat = kAna.to_string();
  bench.start();
  bench.arrive(text(kAna, "A1"));
  bench.arrive(text(kAna, "A2"));
  bench.arrive(text(kBob, "B1"));
  bench.arrive(text(kBob, "B2"));
  bench.play(5s);
  CHECK(bench.taken_ids() == std::vector<std::string>{"B1", "B2"});
  CHECK(bench.forwarder.backlog().rows == 2);
}

TEST_CASE("many more messages than a page holds all arrive, each once, in order") {
  base::ManualClock clock;
  InboundSettings settings;
  settings.page = 4;
  Bench bench(clock, in_memory(), settings);
  for (int i = 0; i < 30; ++i) bench.arrive(text(kAna, std::to_string(i)));
  bench.start();
  for (int i = 30; i < 60; ++i) {
    bench.arrive(text(kAna, std::to_string(i)));
    bench.play(100ms);
  }
  bench.play(20s);
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) expected.push_back(std::to_string(i));
  CHECK(bench.taken_ids() == expected);
}

TEST_CASE("a crash leaves what was not accepted in the spool; the next life delivers it, connected or not") {
  base::ManualClock clock;
  const TemporaryFolder folder;
  {
    Bench bench(clock, in_folder(folder));
    bench.edge.hanging_chat = kAna.to_string();
    bench.start();
    bench.arrive(text(kAna, "A1"));
    bench.arrive(text(kBob, "B1"));
    bench.arrive(text(kAna, "A2"));
    bench.play(5s);
    CHECK(bench.taken_ids() == std::vector<std::string>{"B1"});
  }
  Bench next(clock, in_folder(folder));
  next.start();
  next.play(5s);
  CHECK(next.taken_ids() == std::vector<std::string>{"A1", "A2"});
  CHECK(next.forwarder.backlog().rows == 0);
}

TEST_CASE("a refused message is dropped and counted, and the next one goes on") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  bench.edge.on_inbound = [](const edge::InboundMessage& message) -> base::Result<void> {
    if (message.wa_message_id == "bad") return base::fail(ErrorCode::kRejected, "HTTP 422", 422);
    return {};
  };
  bench.start();
  bench.arrive(text(kAna, "bad"));
  bench.arrive(text(kAna, "good"));
  bench.play(5s);
  CHECK(bench.taken_ids() == std::vector<std::string>{"good"});
  CHECK(bench.counted == std::vector<std::string>{"dropped", "delivered"});
  CHECK(bench.forwarder.backlog().rows == 0);
}

TEST_CASE("an edge that refuses the worker or lost its route loses no message") {
  for (const int status : {401, 403, 404, 405}) {
    base::ManualClock clock;
    Bench bench(clock, in_memory());
    bool away = true;
    bench.edge.on_inbound = [&](const edge::InboundMessage&) -> base::Result<void> {
      if (away) return base::fail(ErrorCode::kRejected, "HTTP", status);
      return {};
    };
    bench.start();
    bench.arrive(text(kAna, "A1"));
    bench.play(3min, 1s);
    CHECK(bench.counted.empty());
    away = false;
    bench.play(3min, 1s);
    CHECK(bench.taken_ids() == std::vector<std::string>{"A1"});
  }
}

TEST_CASE("a full spool takes nothing more until it has drained a little, then says so once") {
  base::ManualClock clock;
  InboundSettings settings;
  settings.most_rows = 10;
  Bench bench(clock, in_memory(), settings);
  bench.start();
  bench.edge.hanging_chat = kAna.to_string();
  for (int i = 0; i < 6; ++i) bench.arrive(text(kAna, "A" + std::to_string(i)));
  CHECK(bench.forwarder.has_room());
  for (int i = 0; i < 4; ++i) bench.arrive(text(kBob, "B" + std::to_string(i)));
  CHECK_FALSE(bench.forwarder.has_room());
  CHECK(bench.room_again == 0);
  bench.play(5s);
  CHECK(bench.forwarder.has_room());
  CHECK(bench.room_again == 1);
}

TEST_CASE("the spool is bounded by bytes, too, and knows what an earlier life left") {
  base::ManualClock clock;
  const TemporaryFolder folder;
  InboundSettings settings;
  settings.most_bytes = 3'000;
  {
    Bench bench(clock, in_folder(folder), settings);
    bench.edge.hanging_chat = kAna.to_string();
    bench.start();
    bench.arrive(text(kAna, "A1", std::string(2'000, 'x')));
    CHECK(bench.forwarder.has_room());
    bench.arrive(text(kAna, "A2", std::string(2'000, 'x')));
    CHECK_FALSE(bench.forwarder.has_room());
  }
  Bench next(clock, in_folder(folder), settings);
  next.edge.hanging_chat = kAna.to_string();
  next.start();
  next.play(1s);
  CHECK_FALSE(next.forwarder.has_room());
  CHECK(next.forwarder.backlog().rows == 2);
}

TEST_CASE("nothing is taken in before the spool is counted, and then the client is told") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  CHECK_FALSE(bench.forwarder.has_room());
  bench.scope.spawn(bench.forwarder.run());
  bench.settle();
  CHECK(bench.forwarder.has_room());
  CHECK(bench.room_again == 1);
}

TEST_CASE("commits that fail do not fill the spool for ever") {
  base::ManualClock clock;
  auto owned = std::make_unique<whatsapp::store::MemoryDeviceStore>();
  auto* device = owned.get();
  InboundSettings settings;
  settings.most_rows = 5;
  Bench bench(clock, std::move(owned), settings);
  bench.start();
  device->fail_commits_with(base::Error{ErrorCode::kIo, "disk full"});
  for (int i = 0; i < 5; ++i) bench.arrive(text(kAna, std::to_string(i)));
  bench.play(1s);
  CHECK(bench.forwarder.has_room());
  CHECK(bench.room_again == 1);
}

TEST_CASE("the contact id comes along when it is known in time, is asked once, and never delays for long") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  bench.edge.contact = std::string("contact-7");
  bench.start();
  bench.arrive(text(kAna, "A1"));
  bench.arrive(text(kAna, "A2"));
  auto own = text(kBob, "B1");
  own.direction = IncomingMessage::Direction::kFromMe;
  bench.arrive(own);
  bench.play(5s);
  REQUIRE(bench.edge.taken.size() == 3);
  for (const auto& message : bench.edge.taken)
    CHECK(message.sender_contact_id == (message.chat_id == kAna.to_string() ? "contact-7" : ""));
  CHECK(bench.edge.contacts_asked == 1);
}

TEST_CASE("an edge without contacts still gets the message") {
  base::ManualClock clock;
  Bench bench(clock, in_memory());
  bench.start();
  bench.arrive(text(kAna, "A1"));
  bench.play(3s);
  REQUIRE(bench.edge.taken.size() == 1);
  CHECK(bench.edge.taken[0].sender_contact_id.empty());
}

TEST_CASE("a message that cannot be taken out of the spool is not posted again in this life") {
  base::ManualClock clock;
  auto owned = std::make_unique<whatsapp::store::MemoryDeviceStore>();
  auto* device = owned.get();
  Bench bench(clock, std::move(owned));
  bench.start();
  bench.arrive(text(kAna, "A1"));
  device->fail_commits_with(base::Error{ErrorCode::kIo, "disk full"});
  bench.play(1min, 1s);
  CHECK(bench.taken_ids() == std::vector<std::string>{"A1"});
  CHECK(bench.forwarder.backlog().rows == 1);
  device->fail_commits_with(std::nullopt);
  bench.play(10s, 1s);
  CHECK(bench.forwarder.backlog().rows == 0);
  CHECK(bench.taken_ids().size() == 1);
}
