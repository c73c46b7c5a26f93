#include "app/worker_process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "app/data_folders.h"
#include "app/memory_trim.h"
#include "app/shard.h"
#include "app/stop_signals.h"
#include "app/version_keeper.h"
#include "attachments/media_sweeper.h"
#include "base/encoding.h"
#include "edge/transport.h"
#include "edge_server/edge_server.h"
#include "health/health_routes.h"
#include "instance_manager/instance_manager.h"
#include "runtime/file_limit.h"
#include "runtime/http_client.h"
#include "runtime/http_server.h"

namespace worker {
namespace {

using runtime::Task;

constexpr std::chrono::seconds kShardHangs{15};       // without a turn: /health says so
constexpr std::chrono::seconds kShutdownPatience{9};  // the platform kills after 10
constexpr std::chrono::hours kHousekeepingEvery{6};

std::string lock_owner(const Config& config) {
  return fmt::format("{}:{}:{}", config.instance_owner_prefix, getpid(), config.worker_id);
}

edge::EdgeClientSettings edge_settings(const Config& config) {
  edge::EdgeClientSettings settings;
  settings.base_url = config.edge_base_url;
  settings.worker_secret = config.worker_secret;
  settings.api_key = config.edge_apikey;
  settings.worker_id = config.worker_id;
  settings.version = WA_WORKER_VERSION;
  return settings;
}

SweepSettings sweep_settings(const Config& config) {
  SweepSettings settings;
  settings.media_base = config.media_base;
  settings.keep = std::chrono::hours{config.media_retention_hours};
  settings.most_full = config.media_disk_percent / 100.0;
  return settings;
}

InstanceSettings instance_settings(const Config& config, Mode mode, VersionKeeper& versions,
                                   runtime::EventLoop& manager_loop) {
  InstanceSettings settings;
  settings.auth_base = config.auth_base;
  settings.durability = config.store_durability == StoreDurability::kFull
                            ? whatsapp::store::Durability::kFull
                            : whatsapp::store::Durability::kNormal;
  settings.lock = {lock_owner(config), config.lock_ttl, config.lock_renew};
  settings.queue_poll = config.queue_poll;
  settings.media.base = config.media_base;
  if (config.media_allow_private == Switch::kOn) settings.media.addresses = runtime::AddressPolicy::kAny;
  settings.connection.web_version = [&versions] { return versions.current(); };
  settings.connection.version_refused = [&versions, &manager_loop] {
    manager_loop.post([&versions] { versions.refresh_soon(); });
  };

  ConnectionSettings& connection = settings.connection;
  connection.client.socket_url = config.wa_socket_url;
  connection.client.ca_file = config.wa_ca_file;
  connection.client.noise_root = config.wa_noise_root;
  connection.client.device_name = config.wa_device_name;
  if (config.presence == PresenceWish::kAvailable)
    connection.client.manners.presence = whatsapp::Availability::kAvailable;
  if (config.forward_history == Switch::kOn)
    connection.client.manners.forward_history = whatsapp::ForwardHistory::kYes;
  connection.bad_mac.window = config.bad_mac_window;
  connection.bad_mac.threshold = config.bad_mac_threshold;
  connection.bad_mac.cooldown = config.bad_mac_cooldown;
  connection.reconnect.restart_wipe_threshold = config.stream_515_wipe_threshold;
  if (mode == Mode::kStandalone && isatty(STDOUT_FILENO) != 0)
    connection.terminal_qr = ConnectionSettings::TerminalQr::kYes;
  return settings;
}

std::string word(edge::Reachability reachability) {
  switch (reachability) {
    case edge::Reachability::kUnknown:
      return "unknown";
    case edge::Reachability::kOk:
      return "ok";
    case edge::Reachability::kUnreachable:
      return "unreachable";
    case edge::Reachability::kUnauthorized:
      return "unauthorized";
  }
  return "unknown";
}

std::string word(InstanceManager::Discovery discovery) {
  switch (discovery) {
    case InstanceManager::Discovery::kNotYet:
      return "not_yet";
    case InstanceManager::Discovery::kDone:
      return "done";
    case InstanceManager::Discovery::kFailed:
      return "failed";
  }
  return "not_yet";
}

std::map<std::string, std::size_t> by_state(const InstanceManager::Counts& counts) {
  return {{"starting", counts.starting},
          {"connecting", counts.connecting},
          {"connected", counts.connected},
          {"disconnected", counts.disconnected}};
}

/// The graph of the process, in the order of its making.
class Process {
 public:
  Process(Config config, Mode mode);

  ExitCode run();

 private:
  base::Result<void> start_edge_server();
  base::Result<void> listen();
  void start_shards();
  void announce() const;
  static Task<void> shut_down(Process* self);
  static Task<void> keep_house(Process* self);
  void stop_asked(int signal);
  [[nodiscard]] HealthSources health_sources();
  [[nodiscard]] Readiness readiness() const;
  void refresh(Metrics& metrics) const;

  Config config_;
  Mode mode_;
  base::Log log_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  runtime::EventLoop loop_{clock_};
  runtime::BlockingExecutor executor_{4};
  Metrics metrics_;
  edge::Capabilities capabilities_;
  VersionKeeper versions_;
  std::unique_ptr<edge_server::EdgeServer> edge_server_;  // standalone only
  runtime::HttpClient http_{loop_, {}};
  edge::HttpEdgeTransport transport_{http_};
  edge::EdgeClient edge_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<InstanceManager> manager_;
  std::unique_ptr<HealthRoutes> routes_;
  std::unique_ptr<runtime::HttpServer> server_;
  runtime::TaskScope background_{loop_};
  runtime::TaskScope closing_{loop_};
  bool stopping_ = false;
};

Process::Process(Config config, Mode mode)
    : config_(std::move(config)),
      mode_(mode),
      versions_(std::filesystem::path{config_.auth_base} / ".web-version", config_.wa_version),
      edge_(loop_, transport_, random_, edge_settings(config_), log_,
            [this](const edge::RequestObservation& seen) {
              metrics_.edge_request(seen.route, seen.status, seen.seconds);
            }) {}

base::Result<void> Process::start_edge_server() {
  edge_server::EdgeServerSettings settings;
  settings.listen = edge_server::Listen::kNowhere;
  settings.data_folder = config_.edge_data;
  settings.worker_secret = config_.worker_secret;
  settings.api_key = config_.edge_api_key;
  settings.session_key = edge_server::SessionKey::kMake;
  WA_TRY(edge_server_, edge_server::EdgeServer::start(loop_, executor_, std::move(settings), random_, log_));
  return {};
}

base::Result<void> Process::listen() {
  routes_ = std::make_unique<HealthRoutes>(metrics_, health_sources(),
                                           edge_server_ ? edge_server_->handler() : nullptr);
  runtime::HttpServerSettings settings;
  settings.port = config_.port;
  if (edge_server_) settings.max_body = edge_server::kMaxRequestBody;
  WA_TRY(server_, runtime::HttpServer::listen(loop_, std::move(settings), routes_->handler()));
  return {};
}

void Process::start_shards() {
  const std::size_t count =
      config_.shards != 0 ? config_.shards : std::max(1U, std::thread::hardware_concurrency());
  InstanceEvents events;
  // The manager exists before any instance does; events arrive on its loop.
  events.phase_changed = [this](const std::string& id, InstancePhase phase) {
    manager_->events().phase_changed(id, phase);
  };
  events.ended = [this](const std::string& id, const std::string& why) { manager_->events().ended(id, why); };

  std::vector<InstanceHost*> hosts;
  for (std::size_t number = 0; number < count; ++number) {
    ShardSettings settings;
    settings.number = number;
    settings.edge = edge_settings(config_);
    settings.ca_file = config_.wa_ca_file;
    settings.capabilities = &capabilities_;
    settings.instances = instance_settings(config_, mode_, versions_, loop_);
    hosts.push_back(
        &shards_
             .emplace_back(std::make_unique<Shard>(std::move(settings), loop_, events, executor_, metrics_))
             ->host());
  }
  InstanceManagerSettings settings;
  settings.discovery_poll = config_.discovery_poll;
  settings.max_active_instances = config_.max_active_instances;
  manager_ = std::make_unique<InstanceManager>(loop_, edge_, random_, std::move(hosts), capabilities_,
                                               settings, log_);
}

ExitCode Process::run() {
  const auto fail = [this](const base::Error& error) {
    log_.error(error.message);
    return ExitCode::kCannotCreate;
  };
  for (const auto& [folder, setting] : {std::pair{config_.auth_base, std::string{"AUTH_BASE"}},
                                        std::pair{config_.media_base, std::string{"MEDIA_BASE"}}})
    if (const auto ready = prepare_data_folder(folder, setting); !ready) return fail(ready.error());
  if (mode_ == Mode::kStandalone)
    if (const auto started = start_edge_server(); !started) return fail(started.error());
  if (const auto listening = listen(); !listening) return fail(listening.error());

  StopSignals signals(loop_, [this](int signal) { stop_asked(signal); });
  start_shards();
  announce();
  manager_->start();
  background_.spawn(versions_.keep_fresh(loop_, http_, log_));
  background_.spawn(keep_house(this));
  background_.spawn(trim_memory(loop_, executor_, {}));
  loop_.run();
  shards_.clear();
  log_.info("stopped");
  return ExitCode::kOk;
}

void Process::announce() const {
  log_.info("wa-worker is up", {{"version", WA_WORKER_VERSION},
                                {"worker_id", config_.worker_id},
                                {"port", server_->port()},
                                {"shards", shards_.size()},
                                {"web_version", versions_.current().text()},
                                {"edge", mode_ == Mode::kStandalone ? "standalone" : config_.edge_base_url}});
  if (!edge_server_) return;
  // Not a log line: the URL carries the key of this session, and logs are kept and shipped.
  std::printf("\nOpen this page: %s\n\n", edge_server_->page_url(server_->port()).c_str());
  std::fflush(stdout);
}

void Process::stop_asked(int signal) {
  if (stopping_) {
    log_.warn("told to stop a second time; stopping at once");
    _exit(static_cast<int>(ExitCode::kFailure));
  }
  stopping_ = true;
  log_.info("stopping", {{"signal", signal}});
  // What hangs must not keep the process: the locks lapse by themselves and the journal holds the rest.
  loop_.call_after(kShutdownPatience, [] { _exit(static_cast<int>(ExitCode::kOk)); });
  closing_.spawn(shut_down(this));
}

Task<void> Process::shut_down(Process* self) {
  co_await self->background_.close();
  co_await self->manager_->close();
  co_await self->server_->close();
  if (self->edge_server_) co_await self->edge_server_->close();
  self->loop_.stop();
}

Task<void> Process::keep_house(Process* self) {
  AuthQuarantine quarantine(self->config_.auth_base, self->clock_);
  const MediaSweeper sweeper(sweep_settings(self->config_));
  auto lane = self->executor_.lane(self->loop_);
  for (;;) {
    const auto purge = [&quarantine] { return quarantine.purge(); };
    const auto gone = co_await lane.run(purge);
    if (!gone) self->log_.warn("the quarantine could not be cleaned", {{"error", gone.error().message}});
    if (gone && *gone > 0) self->log_.info("old quarantined auth state deleted", {{"folders", *gone}});
    const auto sweep = [&sweeper, self] { return sweeper.sweep(self->clock_.wall_now()); };
    const auto swept = co_await lane.run(sweep);
    if (swept.files > 0 || swept.owed > 0)
      self->log_.info("the media folder has been cleared up",
                      {{"files", swept.files}, {"bytes", swept.bytes}, {"still_owed", swept.owed}});
    const auto slept = co_await runtime::sleep_for(self->loop_, kHousekeepingEvery);
    if (!slept) co_return;
  }
}

HealthSources Process::health_sources() {
  HealthSources sources;
  sources.shards_turn = [this] {
    return std::all_of(shards_.begin(), shards_.end(),
                       [](const auto& shard) { return shard->since_last_turn() < kShardHangs; });
  };
  sources.readiness = [this] { return readiness(); };
  sources.refresh = [this](Metrics& metrics) { refresh(metrics); };
  return sources;
}

Readiness Process::readiness() const {
  Readiness state;
  state.edge = word(edge_.reachability());
  if (!manager_) return state;
  const auto counts = manager_->counts();
  state.discovery = word(manager_->discovery());
  state.instances = by_state(counts);
  state.targets = counts.targets;
  state.lock_conflicts = counts.lock_conflicts;
  const bool ready = !stopping_ && edge_.reachability() == edge::Reachability::kOk &&
                     manager_->discovery() == InstanceManager::Discovery::kDone;
  state.answer = ready ? Readiness::Answer::kReady : Readiness::Answer::kNotReady;
  return state;
}

void Process::refresh(Metrics& metrics) const {
  if (manager_)
    for (const auto& [state, count] : by_state(manager_->counts())) metrics.set_instances(state, count);
  for (std::size_t i = 0; i < shards_.size(); ++i) metrics.set_loop_lag(i, shards_[i]->lag());
  metrics.set_log_dropped(base::dropped_log_lines());
}

/// In standalone mode worker and edge meet inside one process: what they need to know of each other is made
/// up.
void fill_standalone(Config& config) {
  base::SystemRandom random;
  if (config.worker_secret.empty()) config.worker_secret = base::to_hex(random.bytes<24>());
  if (config.edge_base_url.empty()) config.edge_base_url = fmt::format("http://127.0.0.1:{}", config.port);
}

}  // namespace

ExitCode run_worker(Config config, Mode mode) {
  runtime::raise_file_limit();
  // Arenas of threads that come and go would keep memory that nobody uses.
  mallopt(M_ARENA_MAX, 2);
  // Name lookups of a start with many accounts wait in libuv's pool; four threads are few for that.
  setenv("UV_THREADPOOL_SIZE", "16", 0);
  base::start_logging({config.log_level, config.log_format});
  if (mode == Mode::kStandalone) fill_standalone(config);
  ExitCode code = ExitCode::kFailure;
  {
    Process process(std::move(config), mode);
    code = process.run();
  }
  base::stop_logging();
  return code;
}

namespace {
Task<void> ask_health(runtime::HttpClient* http, runtime::EventLoop* loop, std::uint16_t port,
                      ExitCode* out) {
  runtime::HttpRequest request;
  request.url = fmt::format("http://127.0.0.1:{}/health", port);
  request.total_timeout = std::chrono::seconds{5};
  const auto answer = co_await http->send(request);
  if (answer && answer->status == 200 && answer->body.starts_with("ok")) *out = ExitCode::kOk;
  loop->stop();
}
}  // namespace

ExitCode check_health(std::uint16_t port) {
  base::SystemClock clock;
  runtime::EventLoop loop(clock);
  ExitCode code = ExitCode::kFailure;
  {
    runtime::HttpClient http(loop, {});
    runtime::TaskScope scope(loop);
    scope.spawn(ask_health(&http, &loop, port, &code));
    loop.run();
  }
  std::fputs(code == ExitCode::kOk ? "ok\n" : "the worker does not answer /health with ok\n", stdout);
  return code;
}

}  // namespace worker
