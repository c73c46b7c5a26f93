// One account in this worker, from lock to release: takes its lock, opens its store, keeps it connected,
// sends what is queued and forwards what arrives; gives everything back in the opposite order. Lives on one
// shard.
//
//   lock → store → { connection, queue, inbound } … → store closed → lock released
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "edge/types.h"
#include "instance_manager/instance_host.h"
#include "instance_manager/shard_services.h"
#include "runtime/task.h"

namespace worker {

class AccountCommands;
class CommandRunner;
class OutboundQueueRunner;
struct InstanceOptions;

class Instance {
 public:
  Instance(ShardServices& services, edge::EligibleInstance eligible);
  ~Instance();  // run() must have returned
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void on_phase(std::function<void(InstancePhase)> told) { told_ = std::move(told); }

  /// Until stop(), or until the lock is lost. Returns why it ended, a stable word of InstanceEvents::ended.
  runtime::Task<std::string> run();
  /// The edge describes it otherwise: from now on that holds. What only a new connection can follow (egress,
  /// way of pairing) ends the present one.
  void update(edge::EligibleInstance eligible);
  /// Asks run() to wind down: in order, with what is in flight journalled.
  void stop();

 private:
  class Account;

  runtime::Task<std::string> run_locked(InstanceLock& lock);
  runtime::Task<std::string> run_account(Account& account, InstanceLock& lock);
  runtime::Task<RunVerdict> run_link(Account& account, InstanceLock& lock);
  runtime::Task<base::Result<void>> start_over(Account& account, AuthUseless useless);
  /// What hears of each change of a link's state.
  struct LinkParts {
    ConnectionRunner* runner = nullptr;
    OutboundQueueRunner* queue = nullptr;
    CommandRunner* commands = nullptr;
  };
  [[nodiscard]] base::Result<ConnectionSettings> link_settings(const InstanceOptions& options) const;
  runtime::Task<void> refuse_proxy(InstanceLock& lock, std::string why);
  static void add_link_commands(AccountCommands& commands, ConnectionRunner& runner);
  void link_changed(const LinkParts& parts);
  runtime::Task<void> say_goodbye(InstanceLock& lock, const std::string& why);
  runtime::Task<base::Result<void>> take_over_from_baileys();
  runtime::Task<base::Result<std::unique_ptr<Account>>> open_account(InstanceLock& lock);
  void set_phase(InstancePhase phase);

  ShardServices& services_;
  edge::EligibleInstance eligible_;
  base::Log log_;
  std::function<void(InstancePhase)> told_;
  runtime::Cancellation life_;             // cancelled by stop() or when the lock is lost
  runtime::Cancellation* link_ = nullptr;  // of the present link, within life_
  std::string lost_reason_;                // why the lock is lost; empty: it is not
};

}  // namespace worker
