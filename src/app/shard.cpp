#include "app/shard.h"

#include <algorithm>
#include <utility>

#include "attachments/preview_process.h"
#include "edge/transport.h"
#include "instance_manager/shard_instance_host.h"
#include "runtime/http_client.h"
#include "runtime/shard_network.h"

namespace worker {
namespace {

constexpr base::Duration kTurnEvery{1'000};
constexpr std::size_t kMostOpenStores = 64;  // about 9 MB when all of them are busy

/// The classes that operators know; the rest by their own names.
std::string_view failure_class(whatsapp::signal::DecryptError error) {
  using whatsapp::signal::DecryptError;
  if (error == DecryptError::kInvalidKeyId) return "prekey_missing";
  if (error == DecryptError::kTooFarAhead) return "counter";
  return whatsapp::signal::to_string(error);
}

InstanceMetrics metrics_of(Metrics& metrics) {
  InstanceMetrics out;
  out.connection.closed = [&metrics](const std::string& reason) { metrics.connection_closed(reason); };
  out.connection.reconnected = [&metrics] { metrics.reconnected(); };
  out.connection.decrypt_failed = [&metrics](whatsapp::signal::DecryptError error) {
    metrics.decrypt_failed(failure_class(error));
  };
  out.connection.retry_receipt = [&metrics](std::string_view direction) { metrics.retry_receipt(direction); };
  out.connection.query = [&metrics](std::string_view kind, std::string_view result) {
    metrics.query(kind, result);
  };
  out.lock = [&metrics](const std::string& operation, const std::string& result) {
    metrics.lock(operation, result);
  };
  out.message = [&metrics](const std::string& direction, const std::string& result) {
    metrics.message(direction, result);
  };
  return out;
}

std::unique_ptr<Previewer> make_previewer(runtime::EventLoop& loop) {
  PreviewProcessSettings settings;
  settings.program = find_preview_program();
  if (settings.program.empty()) return std::make_unique<NoPreviewer>();
  return std::make_unique<PreviewProcess>(loop, std::move(settings));
}

}  // namespace

/// The shard's graph, in the order of its making; destroyed in the opposite order.
class Shard::Rooms {
 public:
  Rooms(const ShardSettings& settings, runtime::EventLoop& loop, runtime::EventLoop& manager_loop,
        InstanceEvents events, runtime::BlockingExecutor& executor, Metrics& metrics)
      : http_(loop, {}),
        media_http_(loop, {.ca_file = settings.ca_file}),
        previewer_(make_previewer(loop)),
        transport_(http_),
        edge_(loop, transport_, random_, settings.edge, base::Log{},
              [&metrics](const edge::RequestObservation& seen) {
                metrics.edge_request(seen.route, seen.status, seen.seconds);
              }),
        reporter_(loop, edge_, base::Log{}),
        contacts_(loop, edge_),
        connector_(runtime::make_web_socket_connector(loop, {settings.ca_file})),
        host_({loop, *connector_, media_http_, executor, edge_, reporter_, contacts_, *previewer_,
               open_stores_, *settings.capabilities, random_, settings.instances, metrics_of(metrics)},
              manager_loop, std::move(events)) {}

  ShardInstanceHost& host() { return host_; }

  runtime::Task<void> close() {
    co_await host_.close();
    co_await reporter_.close();
    co_await contacts_.close();
  }

 private:
  base::SystemRandom random_;
  runtime::HttpClient http_;
  runtime::HttpClient media_http_;
  std::unique_ptr<Previewer> previewer_;
  edge::HttpEdgeTransport transport_;
  edge::EdgeClient edge_;
  edge::StatusReporter reporter_;
  edge::ContactResolver contacts_;
  whatsapp::OpenStores open_stores_{kMostOpenStores};
  std::unique_ptr<runtime::WebSocketConnector> connector_;
  ShardInstanceHost host_;
};

Shard::Shard(ShardSettings settings, runtime::EventLoop& manager_loop, InstanceEvents events,
             runtime::BlockingExecutor& executor, Metrics& metrics)
    : settings_(std::move(settings)), manager_loop_(manager_loop) {
  std::promise<void> ready;
  auto standing = ready.get_future();
  thread_ = std::thread([this, events = std::move(events), &executor, &metrics, &ready]() mutable {
    serve(std::move(events), executor, metrics, [&ready] { ready.set_value(); });
  });
  standing.wait();
}

void Shard::serve(InstanceEvents events, runtime::BlockingExecutor& executor, Metrics& metrics,
                  const std::function<void()>& ready) {
  loop_ = std::make_unique<runtime::EventLoop>(clock_);
  rooms_ = std::make_unique<Rooms>(settings_, *loop_, manager_loop_, std::move(events), executor, metrics);
  watch_lag(clock_.now());
  ready();
  loop_->run();
  closing_.reset();
  rooms_.reset();
  loop_.reset();
}

Shard::~Shard() {
  loop_->post([this] { closing_.emplace(*loop_).spawn(close_and_stop(this)); });
  thread_.join();
}

runtime::Task<void> Shard::close_and_stop(Shard* self) {
  co_await self->rooms_->close();
  self->loop_->stop();
}

InstanceHost& Shard::host() { return rooms_->host(); }

// The loop calls itself once a second; how late that call comes is the lag, and a call that never comes is a
// shard that hangs.
void Shard::watch_lag(base::Clock::time_point due) {
  const auto now = clock_.now();
  last_turn_ns_ = now.time_since_epoch().count();
  lag_ns_ = std::max<std::int64_t>((now - due).count(), 0);
  const auto next = now + kTurnEvery;
  loop_->call_at(next, [this, next] { watch_lag(next); });
}

std::chrono::duration<double> Shard::since_last_turn() const {
  return std::chrono::nanoseconds{clock_.now().time_since_epoch().count() - last_turn_ns_};
}

std::chrono::duration<double> Shard::lag() const { return std::chrono::nanoseconds{lag_ns_.load()}; }

}  // namespace worker
