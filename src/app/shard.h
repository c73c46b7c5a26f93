// One shard: a thread with its event loop, its connections to the edge and to WhatsApp, and the instances
// dealt to it. Everything inside is built and destroyed on the shard's own thread.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "edge/edge_client.h"
#include "health/metrics.h"
#include "instance_manager/instance_host.h"
#include "instance_manager/shard_services.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"

namespace worker {

struct ShardSettings {
  std::size_t number = 0;
  edge::EdgeClientSettings edge;
  std::string ca_file;  // extra trusted roots for WhatsApp's WebSocket
  InstanceSettings instances;
  const edge::Capabilities* capabilities = nullptr;  // never null; learned by the manager
};

class Shard {
 public:
  /// Starts the thread and waits until its loop stands. `events` are told by posting to `manager_loop`.
  Shard(ShardSettings settings, runtime::EventLoop& manager_loop, InstanceEvents events,
        runtime::BlockingExecutor& executor, Metrics& metrics);
  /// Every instance must have ended. Ends the thread.
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] InstanceHost& host();
  /// Seconds since the loop last turned; it turns at least once a second. From any thread.
  [[nodiscard]] std::chrono::duration<double> since_last_turn() const;
  /// How late the loop was at its last check. From any thread.
  [[nodiscard]] std::chrono::duration<double> lag() const;

 private:
  class Rooms;
  void serve(InstanceEvents events, runtime::BlockingExecutor& executor, Metrics& metrics,
             const std::function<void()>& ready);
  static runtime::Task<void> close_and_stop(Shard* self);
  void watch_lag(base::Clock::time_point due);

  ShardSettings settings_;
  runtime::EventLoop& manager_loop_;
  base::SystemClock clock_;
  std::unique_ptr<runtime::EventLoop> loop_;  // built on the thread
  std::unique_ptr<Rooms> rooms_;
  std::optional<runtime::TaskScope> closing_;
  std::atomic<std::int64_t> last_turn_ns_{0};
  std::atomic<std::int64_t> lag_ns_{0};
  std::thread thread_;
};

}  // namespace worker
