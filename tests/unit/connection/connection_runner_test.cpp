// A connection runner against the simulator: real sockets, played time, and an edge that writes down what it
// is told.
#include "connection/connection_runner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "runtime/blocking_executor.h"
#include "runtime/shard_network.h"
#include "runtime/task_scope.h"
#include "simulator/simulator.h"
#include "unit/instance_manager/fake_edge.h"
#include "whatsapp/store/memory_device_store.h"

using namespace std::chrono_literals;
using edge::InstanceStatus;
using worker::AuthUseless;
using worker::ConnectionRunner;
using worker::RunVerdict;
using State = ConnectionRunner::State;

namespace {

class ListeningEdge final : public worker::testing::FakeEdge {
 public:
  using FakeEdge::FakeEdge;
  Reply<void> update_status(edge::StatusUpdate update, edge::Call) override {
    told.push_back(std::move(update));
    co_return base::Result<void>{};
  }
  std::vector<edge::StatusUpdate> told;
};

class AnySink final : public whatsapp::MessageSink {
 public:
  [[nodiscard]] bool has_room() const override { return true; }
  void stage(const whatsapp::IncomingMessage&, whatsapp::store::Changes&) override {}
  void staged() override {}
  void stage_event(const whatsapp::ClientEvent&, whatsapp::store::Changes&) override {}
  void tell(const whatsapp::ClientEvent&) override {}
};

struct Bench {
  Bench() {
    auto started = simulator::Simulator::start(loop, {});
    REQUIRE(started);
    service = *std::move(started);
    phone = &service->create_phone({});
    settings.instance_id = "shop";
    settings.client.socket_url = service->url();
    settings.client.noise_root = service->noise_root();
  }
  ~Bench() {
    life.cancel();
    until([this] { return runs.running() == 0; });
    runner.reset();
    closing.spawn(service->close());
    closing.spawn(reporter.close());
    closing.spawn(store.close());
    until([this] { return closing.running() == 0; });
    service.reset();
    connector.reset();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.run_once();
      std::this_thread::sleep_for(100us);
    }
    REQUIRE(condition());
  }
  static runtime::Task<void> keep(Bench* self) {
    self->verdict = co_await runtime::run_under(self->loop, self->life, self->runner->run());
  }
  void start() {
    worker::ConnectionDependencies with{loop, *connector,  store,        random, reporter,
                                        sink, base::Log{}, std::nullopt, {},     nullptr};
    runner = std::make_unique<ConnectionRunner>(std::move(with), settings);
    runs.spawn(keep(this));
  }
  [[nodiscard]] const edge::StatusUpdate* find(InstanceStatus status, const std::string& reason = {}) const {
    const auto found = std::find_if(edge.told.rbegin(), edge.told.rend(), [&](const auto& update) {
      return update.status == status && update.reason == reason;
    });
    return found == edge.told.rend() ? nullptr : &*found;
  }
  std::string qr() {
    until([this] { return !edge.told.empty() && !edge.told.back().qr.empty(); });
    return edge.told.back().qr;
  }
  void link() {
    start();
    REQUIRE(phone->scan(qr()));
    until([this] { return runner->state() == State::kConnected; });
    until([this] { return !edge.told.empty() && edge.told.back().status == InstanceStatus::kConnected; });
  }
  void inject(simulator::Fault::Kind kind, int code = 0, int count = 1) {
    simulator::Fault fault;
    fault.kind = kind;
    fault.code = code;
    fault.count = count;
    REQUIRE(service->inject(runner->own_jid(), fault));
  }

  base::ManualClock clock{base::SystemClock{}.wall_now()};
  runtime::EventLoop loop{clock};
  std::unique_ptr<runtime::WebSocketConnector> connector = runtime::make_web_socket_connector(loop, {});
  base::SeededRandom random{5};
  runtime::BlockingExecutor executor{1};
  whatsapp::AccountStore store{std::make_unique<whatsapp::store::MemoryDeviceStore>(), executor.lane(loop)};
  ListeningEdge edge{clock};
  edge::StatusReporter reporter{loop, edge, base::Log{}};
  AnySink sink;
  std::unique_ptr<simulator::Simulator> service;
  simulator::SimulatedPhone* phone = nullptr;
  worker::ConnectionSettings settings;
  runtime::Cancellation life;
  runtime::TaskScope runs{loop};
  runtime::TaskScope closing{loop};
  std::unique_ptr<ConnectionRunner> runner;
  std::optional<RunVerdict> verdict;
};

}  // namespace

TEST_CASE("pairing is told as CONNECTING, a QR, CONNECTED, and never as DISCONNECTED in between") {
  Bench bench;
  bench.link();
  const auto& told = bench.edge.told;
  CHECK(told.front().status == InstanceStatus::kConnecting);
  CHECK(told.front().qr_code.empty());
  const auto with_qr =
      std::find_if(told.begin(), told.end(), [](const auto& update) { return !update.qr.empty(); });
  REQUIRE(with_qr != told.end());
  CHECK(with_qr->status == InstanceStatus::kConnecting);
  CHECK(with_qr->qr_code.starts_with("data:image/png;base64,"));
  CHECK(std::none_of(told.begin(), told.end(),
                     [](const auto& update) { return update.status == InstanceStatus::kDisconnected; }));
  CHECK(told.back().jid == bench.runner->own_jid());
}

TEST_CASE("a lost connection is told with the time of the next attempt, which then succeeds") {
  Bench bench;
  bench.link();
  bench.inject(simulator::Fault::Kind::kDropSocket);
  bench.until([&] { return bench.runner->state() == State::kDisconnected; });
  const auto& lost = bench.edge.told.back();
  CHECK(lost.status == InstanceStatus::kDisconnected);
  REQUIRE(lost.next_retry_at);
  const auto wait = *lost.next_retry_at - bench.clock.wall_now();
  CHECK(wait >= 1'800ms);
  CHECK(wait <= 2'200ms);
  bench.clock.advance(2'300ms);
  bench.until([&] { return bench.runner->state() == State::kConnected; });
}

TEST_CASE("515 on a logged-in account reconnects at once, without time passing") {
  Bench bench;
  bench.link();
  bench.inject(simulator::Fault::Kind::kStreamError, 515);
  bench.until([&] { return bench.service->device(bench.runner->own_jid())->logins == 2; });
  CHECK_FALSE(bench.verdict.has_value());
}

TEST_CASE("an unlinked device ends the run with its reason, and the edge hears it") {
  Bench bench;
  bench.link();
  REQUIRE(bench.phone->remove_companion(bench.runner->own_jid()));
  bench.until([&] { return bench.verdict.has_value(); });
  CHECK(std::get<AuthUseless>(*bench.verdict).reason == "device_removed");
  CHECK(std::get<AuthUseless>(*bench.verdict).cooldown == 0ms);
  bench.until([&] { return bench.find(InstanceStatus::kDisconnected, "device_removed") != nullptr; });
}

TEST_CASE("three logins refused with 515 in a row are an invalid session; two are not") {
  Bench bench;
  bench.link();
  bench.inject(simulator::Fault::Kind::kFailLogin, 515, 2);
  bench.inject(simulator::Fault::Kind::kDropSocket);
  bench.until([&] { return bench.runner->state() == State::kDisconnected; });
  bench.clock.advance(3s);
  bench.until([&] { return bench.runner->state() == State::kConnected; });
  bench.inject(simulator::Fault::Kind::kFailLogin, 515, 3);
  bench.inject(simulator::Fault::Kind::kDropSocket);
  bench.until([&] { return bench.runner->state() == State::kDisconnected; });
  bench.clock.advance(3s);
  bench.until([&] { return bench.verdict.has_value(); });
  CHECK(std::get<AuthUseless>(*bench.verdict).reason == "invalid_session");
}

TEST_CASE("too many undecryptable messages trip the breaker: auth useless, with its cooldown") {
  Bench bench;
  bench.settings.bad_mac = {.window = 60s, .threshold = 5, .cooldown = 5min};
  bench.link();
  // As many people as it takes: one whose session is broken is no reason to throw the account away.
  std::vector<simulator::SimulatedContact*> contacts;
  for (int i = 0; i < 3; ++i) {
    contacts.push_back(&bench.service->create_contact({}));
    const auto first = contacts.back()->send_text(bench.phone->pn(), "in order");
    REQUIRE(first);
    bench.until([&] { return !contacts.back()->receipts_for(*first).empty(); });
  }
  bench.inject(simulator::Fault::Kind::kCorrupt, 0, 1'000);
  for (int i = 0; i < 21; ++i) REQUIRE(contacts[i % 3]->send_text(bench.phone->pn(), "damaged"));
  // The connection is given two seconds to write its last answers.
  bench.until([&] {
    bench.clock.advance(5ms);
    return bench.verdict.has_value();
  });
  CHECK(std::get<AuthUseless>(*bench.verdict).reason == "bad_mac_breaker");
  CHECK(std::get<AuthUseless>(*bench.verdict).cooldown == 5min);
  bench.until([&] { return bench.find(InstanceStatus::kDisconnected, "bad_mac_breaker") != nullptr; });
}

TEST_CASE("during the cooldown no QR is shown, across restarts; after it one is") {
  Bench bench;
  whatsapp::store::Changes changes;
  const auto until = bench.clock.unix_millis() + 300'000;
  changes.values.emplace_back(ConnectionRunner::kPairingNotBefore, base::to_bytes(std::to_string(until)));
  struct Write {
    static runtime::Task<void> all(whatsapp::AccountStore* store, whatsapp::store::Changes batch,
                                   bool* done) {
      const auto written = co_await store->commit(std::move(batch));
      *done = written.has_value();
    }
  };
  bool written = false;
  bench.closing.spawn(Write::all(&bench.store, std::move(changes), &written));
  bench.until([&] { return written; });
  bench.start();
  bench.until([&] { return bench.find(InstanceStatus::kDisconnected, "pairing_cooldown") != nullptr; });
  bench.clock.advance(299s);
  for (int i = 0; i < 50; ++i) bench.loop.run_once();
  CHECK(bench.edge.told.size() == 1);
  bench.clock.advance(2s);
  CHECK_FALSE(bench.qr().empty());
}

TEST_CASE("refs that run out are told, and new ones follow after the backoff") {
  Bench bench;
  bench.start();
  const auto first = bench.qr();
  bench.service->expire_refs();
  bench.until([&] { return bench.edge.told.back().status == InstanceStatus::kDisconnected; });
  bench.clock.advance(3s);
  CHECK(bench.qr() != first);
}

TEST_CASE("codes that nobody uses park the instance; it begins anew when it is asked, and no earlier") {
  Bench bench;
  bench.settings.pairing_rounds = 3;
  bench.start();
  // In steps that let pings be answered: silence would be another end.
  const auto parked = [&bench] { return bench.find(InstanceStatus::kDisconnected, "qr_timeout") != nullptr; };
  for (int step = 0; step < 400 && !parked(); ++step) {
    bench.clock.advance(2s);
    for (int turn = 0; turn < 30; ++turn) {
      bench.loop.run_once();
      std::this_thread::sleep_for(100us);
    }
  }
  REQUIRE(bench.find(InstanceStatus::kDisconnected, "qr_timeout") != nullptr);
  CHECK_FALSE(bench.edge.told.back().next_retry_at);
  CHECK(std::count_if(bench.edge.told.begin(), bench.edge.told.end(),
                      [](const auto& update) { return !update.qr.empty(); }) == 3 * 6);
  const auto told = bench.edge.told.size();
  for (int hour = 0; hour < 24; ++hour) {
    bench.clock.advance(1h);
    for (int i = 0; i < 20; ++i) bench.loop.run_once();
  }
  CHECK(bench.edge.told.size() == told);
  bench.runner->pair();
  CHECK_FALSE(bench.qr().empty());
  REQUIRE(bench.phone->scan(bench.qr()));
  bench.until([&] { return bench.runner->state() == State::kConnected; });
}

TEST_CASE("A number gets a pairing code beside the QR, and typing it links the device") {
  Bench bench;
  bench.settings.client.pairing_phone =
      "+" + std::string{bench.phone->pn().substr(0, bench.phone->pn().find('@'))};
  bench.start();
  bench.until([&] { return !bench.edge.told.empty() && !bench.edge.told.back().pairing_code.empty(); });
  const auto shown = bench.edge.told.back();
  CHECK(shown.pairing_code.size() == 9);  // XXXX-XXXX
  CHECK_FALSE(shown.qr.empty());
  REQUIRE(bench.phone->enter_code(shown.pairing_code));
  bench.until([&] { return bench.runner->state() == State::kConnected; });
  bench.until([&] { return bench.edge.told.back().status == InstanceStatus::kConnected; });
  CHECK(bench.edge.told.back().pairing_code.empty());
}

TEST_CASE("A number that cannot be one gets no code; the QR goes on and says why") {
  Bench bench;
  bench.settings.client.pairing_phone = "0123";
  bench.start();
  bench.until([&] { return bench.find(InstanceStatus::kConnecting, "pairing_phone_invalid") != nullptr; });
  CHECK_FALSE(bench.find(InstanceStatus::kConnecting, "pairing_phone_invalid")->qr.empty());
}

TEST_CASE("Logged out by command: the phone loses the device, and the run says what is to be kept in mind") {
  Bench bench;
  bench.settings.pairing_round = 4;
  bench.link();
  const std::string jid = bench.runner->own_jid();
  REQUIRE(bench.runner->log_out());
  bench.until([&] { return bench.verdict.has_value(); });
  const auto& useless = std::get<AuthUseless>(*bench.verdict);
  CHECK(useless.reason == "logged_out_by_request");
  CHECK(useless.held_in_round == 4);
  CHECK(bench.phone->companions().empty());
  bench.until([&] { return bench.find(InstanceStatus::kDisconnected, "logged_out_by_request") != nullptr; });
}

TEST_CASE("Logged out by the instance's description: unlinked as soon as it is connected") {
  Bench bench;
  bench.settings.wish = worker::ConnectionSettings::Wish::kLoggedOut;
  bench.start();
  bench.until([&] { return bench.find(InstanceStatus::kDisconnected, "logged_out_by_request") != nullptr; });
  // Not linked, so there is nothing to do; asking to pair does not change what the description says.
  const auto told = bench.edge.told.size();
  bench.runner->pair();
  for (int i = 0; i < 50; ++i) bench.loop.run_once();
  CHECK(std::none_of(bench.edge.told.begin() + static_cast<std::ptrdiff_t>(told) - 1, bench.edge.told.end(),
                     [](const auto& update) { return !update.qr.empty(); }));
}
