// The whole worker: builds the graph of rooms, runs it until SIGTERM or SIGINT, and takes it down in order.
//
//   main thread: manager loop ─ InstanceManager, /health /ready /metrics, the edge of our own (standalone)
//   shard 1..n:  loop ─ instances, their WebSockets, their calls to the edge
#pragma once

#include "app/config.h"

namespace worker {

enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kCannotCreate = 73,  // EX_CANTCREAT: the data folders or the port
  kConfig = 78,        // EX_CONFIG
};

/// Blocks until the process is told to stop.
ExitCode run_worker(Config config, Mode mode);

/// Asks GET /health of the worker on this port; kOk if it says so. For the container's HEALTHCHECK.
ExitCode check_health(std::uint16_t port);

}  // namespace worker
