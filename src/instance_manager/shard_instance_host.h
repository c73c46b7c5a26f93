// The instances of one shard. Takes the manager's wishes across threads, runs one Instance each in a scope of
// its own, and posts back what becomes of them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "instance_manager/instance.h"
#include "instance_manager/instance_host.h"
#include "instance_manager/shard_services.h"
#include "runtime/task_scope.h"

namespace worker {

class ShardInstanceHost final : public InstanceHost {
 public:
  /// `events` are called by posting to `manager_loop`.
  ShardInstanceHost(ShardServices services, runtime::EventLoop& manager_loop, InstanceEvents events);
  ~ShardInstanceHost() override;

  // From the manager's thread.
  void start(edge::EligibleInstance instance) override;
  void stop(std::string id) override;
  void update(edge::EligibleInstance instance) override;

  /// On the shard's loop: stops what still runs and waits for it.
  runtime::Task<void> close();

 private:
  struct Running;
  void start_here(edge::EligibleInstance instance);
  void stop_here(const std::string& id);
  static runtime::Task<void> run(ShardInstanceHost* self, Running* running);
  void note_refusal(const std::string& id, const std::string& why);
  void tell_phase(const std::string& id, InstancePhase phase);
  void tell_ended(const std::string& id, const std::string& why);

  ShardServices services_;
  runtime::EventLoop& manager_loop_;
  InstanceEvents events_;
  runtime::TaskScope scope_;
  std::map<std::string, std::unique_ptr<Running>> running_;
  std::map<std::string, std::string>
      refused_;  // id → why, as last logged; bounded by the instances dealt here
};

}  // namespace worker
