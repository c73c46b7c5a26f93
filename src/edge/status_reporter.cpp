#include "edge/status_reporter.h"

#include <algorithm>

namespace edge {

StatusReporter::StatusReporter(runtime::EventLoop& loop, Edge& edge, base::Log log)
    : loop_(loop), edge_(edge), log_(std::move(log)), scope_(loop) {}

void StatusReporter::report(StatusUpdate update, std::optional<std::uint64_t> fence) {
  if (scope_.cancelled()) return;
  if (!update.at) update.at = loop_.clock().wall_now();
  const std::string id = update.instance_id;
  const auto [place, idle] = lanes_.try_emplace(id);
  place->second.next = Waiting{std::move(update), fence};
  if (idle) scope_.spawn(deliver(id));
}

runtime::Task<void> StatusReporter::deliver(std::string instance_id) {
  Lane& lane = lanes_[instance_id];  // a map's nodes stay where they are; erased only in finish()
  while (lane.next && !scope_.cancelled()) {
    Waiting waiting = *std::exchange(lane.next, std::nullopt);
    co_await send(std::move(waiting), lane);
  }
  finish(instance_id);
}

runtime::Task<void> StatusReporter::send(Waiting waiting, Lane& lane) {
  Call call;
  call.retry = Retry::forever();
  call.fence = waiting.fence;
  call.superseded = [&lane] { return lane.next.has_value(); };
  const std::string instance_id = waiting.update.instance_id;
  const auto sent = co_await edge_.update_status(std::move(waiting.update), std::move(call));
  if (!sent && sent.error().code != base::ErrorCode::kCancelled && !lane.next)
    log_.warn("a status could not be delivered",
              {{"instance", instance_id}, {"error", sent.error().message}});
}

void StatusReporter::finish(const std::string& instance_id) {
  auto lane = lanes_.extract(instance_id);
  for (auto* flusher : lane.mapped().flushers) flusher->set(runtime::Done{});
}

runtime::Task<base::Result<void>> StatusReporter::flush(std::string instance_id,
                                                        base::Clock::time_point deadline) {
  const auto lane = lanes_.find(instance_id);
  if (lane == lanes_.end()) co_return base::Result<void>{};
  runtime::OneShot<runtime::Done> delivered(loop_);
  lane->second.flushers.push_back(&delivered);
  const auto waited = co_await delivered.wait_until(deadline);
  // The lane is still there exactly when nobody has set us from finish().
  if (const auto still = lanes_.find(instance_id); still != lanes_.end())
    std::erase(still->second.flushers, &delivered);
  if (!waited) co_return base::fail(waited.error());
  co_return base::Result<void>{};
}

runtime::Task<void> StatusReporter::close() { co_await scope_.close(); }

}  // namespace edge
