// The part of the control API that is about files and media hosts.
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

class MediaControl {
 public:
  explicit MediaControl(World& world) : world_(world), threads_(1), lane_(threads_.lane(world.loop())) {}

  /// `…/{id}/send-file` and `…/{id}/file`, whose files may be large: they are encrypted and decrypted on a
  /// thread of their own.
  static bool handles(const std::vector<std::string>& path);
  runtime::Task<base::Result<nlohmann::json>> answer(std::vector<std::string> path,
                                                     runtime::ServerRequest request, nlohmann::json body);

  /// /control/media, /control/media/fault, …
  static base::Result<nlohmann::json> post(World& world, const std::vector<std::string>& path,
                                           const nlohmann::json& body);
  static nlohmann::json state(const World& world);
  /// /control/media/objects
  static void visit_objects(const World& world,
                            const std::function<void(const std::function<nlohmann::json()>&)>& visit);

 private:
  runtime::Task<base::Result<nlohmann::json>> send_file(Person& person, nlohmann::json body);
  runtime::Task<base::Result<nlohmann::json>> fetch_file(const Person& person,
                                                         runtime::ServerRequest request);

  World& world_;
  runtime::BlockingExecutor threads_;
  runtime::BlockingExecutor::Lane lane_;
};

}  // namespace simulator
