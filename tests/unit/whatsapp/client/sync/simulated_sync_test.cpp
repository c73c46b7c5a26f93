// App state and history against the simulator: a phone that is linked shares its keys and its past, and both
// sides change settings.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "runtime/shard_network.h"
#include "runtime/task_scope.h"
#include "simulator/phone/phone_desk.h"
#include "simulator/simulator.h"
#include "unit/whatsapp/client/account_bench.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/sync/chats.h"
#include "whatsapp/client/sync/history.h"

using namespace std::chrono_literals;
using namespace whatsapp;

namespace {

class KeepingSink final : public MessageSink {
 public:
  [[nodiscard]] bool has_room() const override { return true; }
  void stage(const IncomingMessage&, store::Changes&) override {}
  void stage_history(const IncomingMessage& message, store::Changes&) override { past.push_back(message); }
  void staged() override {}
  void stage_event(const ClientEvent& event, store::Changes&) override { happened.push_back(event); }
  void tell(const ClientEvent&) override {}

  std::vector<ClientEvent> happened;
  std::vector<IncomingMessage> past;
};

/// An account that is linked and open.
struct Desk {
  explicit Desk(const simulator::PhoneManners& manners = {}) {
    auto started = simulator::Simulator::start(loop, simulator::Settings{});
    REQUIRE(started);
    service = *std::move(started);
    phone = &service->create_phone({});
    phone->desk().manners = manners;
    ClientSettings settings;
    settings.socket_url = service->url();
    settings.noise_root = service->noise_root();
    client = std::make_unique<Client>(
        ClientDependencies{loop, *connector, store, random, observer, sink, base::Log{}}, settings);
    run();
    until([this] { return !observer.codes.empty(); });
    REQUIRE(phone->scan(observer.codes.back()));
    until([this] { return ended.has_value(); });
    run();
    until([this] { return observer.synced == 1; });
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
  void run() {
    ended.reset();
    runs.spawn(test::AccountBench::keep(client->run(), ended));
  }
  void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.run_once();
      std::this_thread::sleep_for(200us);
    }
    REQUIRE(condition());
  }
  template <class T>
  T result_of(runtime::Task<T> task) {
    std::optional<T> out;
    runs.spawn(test::AccountBench::keep(std::move(task), out));
    until([&] { return out.has_value(); });
    return *std::move(out);
  }

  base::SystemClock clock;
  runtime::EventLoop loop{clock};
  std::unique_ptr<runtime::WebSocketConnector> connector = runtime::make_web_socket_connector(loop, {});
  base::SystemRandom random;
  runtime::BlockingExecutor executor{1};
  AccountStore store{std::make_unique<test::FragileStore>(), executor.lane(loop)};
  test::Observer observer;
  KeepingSink sink;
  std::unique_ptr<simulator::Simulator> service;
  simulator::SimulatedPhone* phone = nullptr;
  std::unique_ptr<Client> client;
  std::optional<Ended> ended;
  runtime::TaskScope runs{loop};
  runtime::TaskScope closing{loop};
};

}  // namespace

TEST_CASE("a linked phone shares its keys; what it changes is told, and what we change it finds genuine") {
  Desk desk;
  const binary::Jid chat = *binary::Jid::parse("5511999990000@s.whatsapp.net");
  // Until the keys are there this says so.
  desk.until(
      [&] { return desk.result_of(desk.client->chats().archive(chat, Archive::kArchive)).has_value(); });
  auto& app_state = desk.phone->desk().app_state();
  const auto archived = [](const simulator::CompanionChange& change) {
    return change.mutation.index[0] == "archive";
  };
  CHECK(std::ranges::count_if(app_state.changes(), archived) == 1);
  CHECK(desk.service->violations().empty());

  const auto before = desk.sink.happened.size();
  const app_state::ChatMuted muted{chat.to_string(), app_state::MutedForever{}};
  REQUIRE(app_state.change(app_state::make(muted, desk.clock.unix_millis())));
  const auto told = [&] {
    return std::any_of(desk.sink.happened.begin() + static_cast<std::ptrdiff_t>(before),
                       desk.sink.happened.end(), [](const ClientEvent& event) {
                         const auto* change = std::get_if<ChatChange>(&event);
                         return change != nullptr && change->muted_until == -1;
                       });
  };
  desk.until(told);
  CHECK(desk.result_of(desk.client->chats().facts(chat))->muted_until == -1);
  REQUIRE(desk.result_of(desk.client->chats().mark_read(chat, {})));
  CHECK(desk.service->violations().empty());
}

TEST_CASE("a linked phone tells of the past, and of more when it is asked") {
  simulator::PhoneManners manners;
  simulator::HistoryPlan plan;
  plan.place = simulator::HistoryPlan::Place::kInline;
  plan.chats = 3;
  plan.archive = 60;
  manners.history_at_link = {plan};
  Desk desk(manners);
  const auto read = [&] {
    return std::ranges::any_of(desk.sink.happened, [](const ClientEvent& event) {
      const auto* change = std::get_if<AccountChange>(&event);
      return change != nullptr && change->what == "history";
    });
  };
  desk.until(read);
  CHECK(desk.sink.past.empty());
  CHECK(desk.service->violations().empty());
}
