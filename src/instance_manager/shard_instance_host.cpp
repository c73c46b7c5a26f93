#include "instance_manager/shard_instance_host.h"

#include <utility>

namespace worker {

using runtime::Task;

struct ShardInstanceHost::Running {
  Running(ShardServices& services, edge::EligibleInstance eligible, runtime::EventLoop& loop)
      : id(eligible.id), instance(services, std::move(eligible)), scope(loop) {}
  std::string id;
  Instance instance;
  runtime::TaskScope scope;
};

ShardInstanceHost::ShardInstanceHost(ShardServices services, runtime::EventLoop& manager_loop,
                                     InstanceEvents events)
    : services_(std::move(services)),
      manager_loop_(manager_loop),
      events_(std::move(events)),
      scope_(services_.loop) {}

ShardInstanceHost::~ShardInstanceHost() = default;

void ShardInstanceHost::start(edge::EligibleInstance instance) {
  services_.loop.post([this, instance = std::move(instance)]() mutable { start_here(std::move(instance)); });
}

void ShardInstanceHost::stop(std::string id) {
  services_.loop.post([this, id = std::move(id)] { stop_here(id); });
}

void ShardInstanceHost::update(edge::EligibleInstance instance) {
  services_.loop.post([this, instance = std::move(instance)]() mutable {
    const auto entry = running_.find(instance.id);
    if (entry != running_.end()) entry->second->instance.update(std::move(instance));
  });
}

void ShardInstanceHost::start_here(edge::EligibleInstance instance) {
  const std::string id = instance.id;
  const auto [entry, is_new] = running_.try_emplace(id);
  if (!is_new) return;
  if (scope_.cancelled()) {
    running_.erase(entry);
    tell_ended(id, "stopped");
    return;
  }
  entry->second = std::make_unique<Running>(services_, std::move(instance), services_.loop);
  Running* running = entry->second.get();
  running->instance.on_phase([this, id](InstancePhase phase) { tell_phase(id, phase); });
  scope_.spawn(run(this, running));
}

void ShardInstanceHost::stop_here(const std::string& id) {
  const auto entry = running_.find(id);
  if (entry == running_.end()) {
    tell_ended(id, "stopped");
    return;
  }
  entry->second->instance.stop();
}

Task<void> ShardInstanceHost::run(ShardInstanceHost* self, Running* running) {
  const std::string id = running->id;
  const std::string why = co_await running->instance.run();
  // Freed after this coroutine is done with it, never from inside the instance's own calls.
  self->note_refusal(id, why);
  auto finished = std::shared_ptr<Running>(std::move(self->running_.at(id)));
  self->running_.erase(id);
  self->services_.loop.defer(runtime::EventLoop::Callback{[finished] {}});
  self->tell_ended(id, why);
}

// A worker that stands by hears the same refusal at every tick; it is worth a line when it is news.
void ShardInstanceHost::note_refusal(const std::string& id, const std::string& why) {
  if (why == "stopped" || why.starts_with("lock_not") || why == "lock_taken") {
    refused_.erase(id);
    return;
  }
  std::string& known = refused_[id];
  if (known == why) return;
  known = why;
  base::Log(id).info("not run here, tried again at each discovery", {{"reason", why}});
}

void ShardInstanceHost::tell_phase(const std::string& id, InstancePhase phase) {
  manager_loop_.post([this, id, phase] { events_.phase_changed(id, phase); });
}

void ShardInstanceHost::tell_ended(const std::string& id, const std::string& why) {
  manager_loop_.post([this, id, why] { events_.ended(id, why); });
}

Task<void> ShardInstanceHost::close() {
  for (auto& [id, running] : running_) running->instance.stop();
  co_await scope_.join();
}

}  // namespace worker
