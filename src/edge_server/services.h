// What the handlers of all routes share.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "edge_server/edge_store.h"
#include "edge_server/media_folder.h"
#include "edge_server/queue_bell.h"
#include "runtime/blocking_executor.h"

namespace edge_server {

struct ServiceSettings {
  std::string worker_secret;
  std::string api_key_hash;      // of a key given by the operator; empty: none
  std::string session_key_hash;  // of the key that lives as long as this process; empty: none
  std::string public_url;        // in media URLs; empty: as the request's Host says
  std::optional<std::uint32_t> max_active_instances;
};

struct Services {
  EdgeStore& store;
  runtime::BlockingExecutor::Lane lane;  // every call of `store` and `media` runs here
  const base::Clock& clock;
  base::Random& random;
  QueueBell& bell;     // something was queued
  QueueBell& answers;  // a command has ended
  MediaFolder media;
  ServiceSettings settings;
  base::Log log;

  [[nodiscard]] Millis now() const { return clock.unix_millis(); }
};

}  // namespace edge_server
