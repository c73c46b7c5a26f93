// The part of the control API that is about what a phone does for its companions: manners, app state,
// history.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/blocking_executor.h"
#include "runtime/http_server.h"
#include "runtime/task.h"
#include "simulator/world.h"

namespace simulator {

class PhoneControl {
 public:
  explicit PhoneControl(World& world) : world_(world), threads_(1), lane_(threads_.lane(world.loop())) {}

  /// `phones/{id}/history`, whose chunks may be large: they are made on a thread of their own.
  static bool handles(const std::vector<std::string>& path);
  runtime::Task<base::Result<nlohmann::json>> answer(std::vector<std::string> path, nlohmann::json body);

  /// `phones/{id}/manners`, `…/app-state`, …; nothing for a verb of somebody else's.
  static std::optional<base::Result<nlohmann::json>> command(World& world, SimulatedPhone& phone,
                                                             const std::string& verb,
                                                             const nlohmann::json& body);
  /// /control/app-state/fault, /control/app-state/page
  static base::Result<nlohmann::json> post(World& world, const std::vector<std::string>& path,
                                           const nlohmann::json& body);

  using Visit = std::function<void(const std::function<nlohmann::json()>&)>;
  /// `phones/{id}/app-state-changes`, `…/requests`. False for other lists.
  static bool visit(const SimulatedPhone& phone, const std::string& list, const Visit& visit);
  /// What a client said of itself when it was linked.
  static base::Result<nlohmann::json> device_props(const World& world, const std::string& jid);
  /// Versions and sizes of a phone's collections.
  static nlohmann::json collections(World& world, const SimulatedPhone& phone);

 private:
  World& world_;
  runtime::BlockingExecutor threads_;
  runtime::BlockingExecutor::Lane lane_;
};

}  // namespace simulator
