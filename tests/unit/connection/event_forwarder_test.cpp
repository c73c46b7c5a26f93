#include "connection/event_forwarder.h"

#include "unit/connection/store_bench.h"
#include "unit/instance_manager/fake_edge.h"

using namespace worker;
using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::MessageStatus;
using whatsapp::PresenceChange;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;

namespace {

const Jid kAna("5511999990001", Server::kUser);

class EventEdge final : public worker::testing::FakeEdge {
 public:
  using FakeEdge::FakeEdge;
  Reply<void> send_events(std::vector<edge::Event> events, edge::Call) override {
    if (refusal) co_return base::fail(*refusal);
    batches.push_back(std::move(events));
    co_return base::Result<void>{};
  }
  std::vector<std::vector<edge::Event>> batches;
  std::optional<base::Error> refusal;
};

struct Bench : worker::testing::StoreBench {
  EventEdge edge{clock};
  edge::Capabilities capabilities;
  std::vector<std::string> counted;
  EventForwarder forwarder{{.loop = loop,
                            .edge = edge,
                            .capabilities = capabilities,
                            .store = store,
                            .random = random,
                            .log = {},
                            .fence = 1,
                            .counted = [this](const std::string& result) { counted.push_back(result); }},
                           {.instance_id = "shop", .batch = 3}};

  Bench() {
    edge::WorkerSettings settings;
    settings.capabilities = {"events"};
    capabilities.learn(settings);
  }
  void start() { scope.spawn(forwarder.run()); }
  void happen(const whatsapp::ClientEvent& event) {
    whatsapp::store::Changes changes;
    forwarder.stage(event, changes);
    commit(std::move(changes));
    forwarder.staged();
  }
};

MessageStatus delivered(std::vector<std::string> ids) {
  return {kAna, std::move(ids), MessageStatus::State::kDelivered, std::nullopt, 1'760'000'000, 0};
}

}  // namespace

TEST_CASE("delivery states reach the edge in batches, one entry per message, and leave the spool") {
  Bench bench;
  bench.start();
  bench.happen(delivered({"A", "B"}));
  bench.happen(delivered({"C", "D"}));
  bench.play(2s);
  REQUIRE(bench.edge.batches.size() == 2);
  CHECK(bench.edge.batches[0].size() == 3);
  CHECK(bench.edge.batches[1].size() == 1);
  const auto& first = bench.edge.batches[0][0];
  CHECK(first.type == "message.status");
  CHECK(first.instance_id == "shop");
  CHECK(first.data_json ==
        R"({"chat":"5511999990001@s.whatsapp.net","status":"delivered","wa_message_id":"A"})");
  CHECK(bench.memory->event_count().value() == 0);
}

TEST_CASE("what an earlier life spooled is sent, under the same ids") {
  Bench bench;
  bench.happen(delivered({"A"}));
  bench.play(5s);
  CHECK(bench.edge.batches.empty());
  bench.start();
  bench.play(1s);
  REQUIRE(bench.edge.batches.size() == 1);
  whatsapp::store::Changes again;
  bench.forwarder.stage(delivered({"A"}), again);
  REQUIRE(again.events.size() == 1);
  CHECK(again.events[0].payload.find(bench.edge.batches[0][0].id) != std::string::npos);
}

TEST_CASE("an edge that is away keeps the facts in the spool; presence is only for the moment") {
  Bench bench;
  bench.start();
  bench.edge.refusal = base::Error{ErrorCode::kUnavailable, "away", 503};
  bench.happen(delivered({"A"}));
  bench.forwarder.tell(PresenceChange{kAna, kAna, PresenceChange::State::kComposing, {}});
  bench.play(3s);
  CHECK(bench.memory->event_count().value() == 1);
  bench.edge.refusal.reset();
  bench.play(100s, 1s);
  REQUIRE(bench.edge.batches.size() == 1);
  CHECK(bench.edge.batches[0][0].type == "message.status");
}

TEST_CASE("an edge that refuses an event for good does not hold up the next") {
  Bench bench;
  bench.start();
  bench.edge.refusal = base::Error{ErrorCode::kRejected, "no", 400};
  bench.happen(delivered({"A"}));
  bench.play(2s);
  CHECK(bench.memory->event_count().value() == 0);
  CHECK(bench.counted == std::vector<std::string>{"dropped"});
}

TEST_CASE("for an edge without the capability nothing is spooled") {
  Bench bench;
  bench.capabilities.learn({});
  whatsapp::store::Changes changes;
  bench.forwarder.stage(delivered({"A"}), changes);
  CHECK(changes.events.empty());
}
