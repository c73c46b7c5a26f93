// A client against the simulator, over real sockets: linking, logging in, and the ends that only a server
// with a memory can cause.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "runtime/shard_network.h"
#include "runtime/task_scope.h"
#include "simulator/simulator.h"
#include "unit/whatsapp/client/account_bench.h"
#include "whatsapp/client/client.h"

using namespace std::chrono_literals;
using simulator::Fault;
using whatsapp::Client;
using whatsapp::Ended;
using whatsapp::Reaction;
using Reached = Ended::Reached;

namespace {

class NoSink final : public whatsapp::MessageSink {
 public:
  [[nodiscard]] bool has_room() const override { return true; }
  void stage(const whatsapp::IncomingMessage&, whatsapp::store::Changes&) override {}
  void staged() override {}
  void stage_event(const whatsapp::ClientEvent&, whatsapp::store::Changes&) override {}
  void tell(const whatsapp::ClientEvent&) override {}
};

struct Desk {
  explicit Desk(simulator::Settings settings = {}) {
    auto started = simulator::Simulator::start(loop, std::move(settings));
    REQUIRE(started);
    service = *std::move(started);
    phone = &service->create_phone({});
    client = make_client();
  }
  ~Desk() {
    runs.cancel();
    until([this] { return runs.running() == 0; });
    client.reset();
    closing.spawn(service->close());
    closing.spawn(store.close());
    until([this] { return closing.running() == 0; });
    service.reset();
    connector.reset();
  }

  std::unique_ptr<Client> make_client() {
    whatsapp::ClientSettings settings;
    settings.socket_url = service->url();
    settings.noise_root = service->noise_root();
    return std::make_unique<Client>(
        whatsapp::ClientDependencies{loop, *connector, store, random, observer, sink, base::Log{}}, settings);
  }
  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.run_once();
      std::this_thread::sleep_for(200us);
    }
    REQUIRE(condition());
  }
  void start() {
    ended.reset();
    runs.spawn(whatsapp::test::AccountBench::keep(client->run(), ended));
  }
  Ended end() {
    until([this] { return ended.has_value(); });
    return *ended;
  }
  void link() {
    start();
    until([this] { return !observer.codes.empty(); });
    REQUIRE(phone->scan(observer.codes.back()));
    const Ended restart = end();
    CHECK(restart.reaction == Reaction::kRetryNow);
    CHECK(restart.code == 515);
    CHECK(restart.reached == Reached::kPaired);
  }
  void open() {
    const auto before = observer.opened.size();
    start();
    until([&] { return observer.opened.size() > before; });
  }
  std::string own_jid() { return observer.opened.back().pn.to_string(); }

  base::SystemClock clock;
  runtime::EventLoop loop{clock};
  std::unique_ptr<runtime::WebSocketConnector> connector = runtime::make_web_socket_connector(loop, {});
  base::SystemRandom random;
  runtime::BlockingExecutor executor{1};
  whatsapp::AccountStore store{std::make_unique<whatsapp::test::FragileStore>(), executor.lane(loop)};
  whatsapp::test::Observer observer;
  NoSink sink;
  std::unique_ptr<simulator::Simulator> service;
  simulator::SimulatedPhone* phone = nullptr;
  std::unique_ptr<Client> client;
  std::optional<Ended> ended;
  runtime::TaskScope runs{loop};
  runtime::TaskScope closing{loop};
};

}  // namespace

TEST_CASE("a phone scans the code; after the restart the device logs in and is in step") {
  Desk desk;
  desk.link();
  CHECK(desk.phone->companions().size() == 1);
  CHECK(desk.observer.paired.size() == 1);
  desk.open();
  desk.until([&] { return desk.observer.synced == 1; });
  const auto status = desk.service->device(desk.own_jid());
  REQUIRE(status);
  CHECK(status->link == simulator::DeviceStatus::Link::kActive);
  CHECK(status->pre_keys >= 800);
  CHECK(desk.service->violations().empty());
}

TEST_CASE("nobody scans, and the refs run out") {
  simulator::Settings settings;
  settings.pairing.refs = 6;
  Desk desk(settings);
  desk.start();
  desk.until([&] { return !desk.observer.codes.empty(); });
  desk.service->expire_refs();
  const Ended ended = desk.end();
  CHECK(ended.reached == Reached::kPairing);
  CHECK((ended.reaction == Reaction::kRetry || ended.reaction == Reaction::kQrExhausted));
}

TEST_CASE("a lost connection comes back without a second upload") {
  Desk desk;
  desk.link();
  desk.open();
  const std::string jid = desk.own_jid();
  desk.until([&] { return desk.observer.synced == 1; });
  const auto keys = desk.service->device(jid)->pre_keys;
  Fault fault;
  fault.kind = Fault::Kind::kDropSocket;
  REQUIRE(desk.service->inject(jid, fault));
  CHECK(desk.end().reaction == Reaction::kRetry);
  desk.open();
  desk.until([&] { return desk.observer.synced == 2; });
  CHECK(desk.service->device(jid)->logins == 2);
  CHECK(desk.service->device(jid)->pre_keys == keys);
  CHECK(desk.service->violations().empty());
}

TEST_CASE("the phone unlinks the device while it is online, and it stays unlinked") {
  Desk desk;
  desk.link();
  desk.open();
  REQUIRE(desk.phone->remove_companion(desk.own_jid()));
  const Ended removed = desk.end();
  CHECK(removed.reaction == Reaction::kWipe);
  CHECK(removed.reason == "device_removed");
  desk.start();
  const Ended refused = desk.end();
  CHECK(refused.reaction == Reaction::kWipe);
  CHECK(refused.code == 401);
}

TEST_CASE("a second connection of the same device ends the first as replaced") {
  Desk desk;
  desk.link();
  desk.open();
  auto other = desk.make_client();
  std::optional<Ended> other_end;
  desk.runs.spawn(whatsapp::test::AccountBench::keep(other->run(), other_end));
  CHECK(desk.end().reason == "replaced");
  CHECK(desk.ended->reaction == Reaction::kStop);
  other->disconnect();
  desk.until([&] { return other_end.has_value(); });
}

TEST_CASE("a refused login is classified, and the next one works") {
  Desk desk;
  desk.link();
  Fault fault;
  fault.kind = Fault::Kind::kFailLogin;
  fault.code = 503;
  REQUIRE(desk.service->inject("*", fault));
  desk.start();
  const Ended ended = desk.end();
  CHECK(ended.reaction == Reaction::kRetry);
  CHECK(ended.reason == "service_unavailable");
  desk.open();
}
