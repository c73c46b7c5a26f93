// wa-edge: the edge proxy as a server of our own. Workers drive themselves by its contract
// (docs/edge-api.yaml), people use its REST API and its page. State lives in <data>/edge.db and
// <data>/media/.
//
// It runs alone (Listen::kOwnPort), or inside a worker's process, where the worker's HTTP server calls
// handler() for every path that it does not answer itself (Listen::kNowhere).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/blocking_executor.h"
#include "runtime/http_server.h"

namespace edge_server {

enum class Listen { kOwnPort, kNowhere };
/// A key made at the start and forgotten at the end, for a page that lets its owner in without typing.
enum class SessionKey { kNone, kMake };

struct EdgeServerSettings {
  Listen listen = Listen::kOwnPort;
  std::string bind = "0.0.0.0";
  int port = 8080;  // 0: any free one
  std::string data_folder = "/data/edge";
  std::string worker_secret;  // at least 8 characters
  std::string api_key;        // empty: made at the first start, see first_api_key()
  SessionKey session_key = SessionKey::kNone;
  std::string public_url;  // "https://edge.example.com", for media URLs; empty: from each request's Host
  std::optional<std::uint32_t> max_active_instances;
  base::Duration message_retention{std::chrono::days{180}};  // sent, failed and received ones
  base::Duration event_retention{std::chrono::days{14}};
};

/// The largest body that the server takes: media as base64. A worker's own HttpServer must allow the same.
inline constexpr std::size_t kMaxRequestBody = 32u << 20;

class EdgeServer {
 public:
  /// Errors: kInvalidArgument (settings), kIo (folder, port), kCorrupt (database). Blocks while the database
  /// opens.
  static base::Result<std::unique_ptr<EdgeServer>> start(runtime::EventLoop& loop,
                                                         runtime::BlockingExecutor& executor,
                                                         EdgeServerSettings settings, base::Random& random,
                                                         base::Log log);
  virtual ~EdgeServer() = default;

  /// Answers all of the edge's paths, and 404 otherwise. Valid until close(); whoever mounts it closes its
  /// own server first.
  [[nodiscard]] virtual runtime::HttpHandler handler() = 0;
  /// 0 when it listens nowhere.
  [[nodiscard]] virtual int port() const = 0;
  /// The API key that this start made, in plain text: show it once. Empty when there was one already.
  [[nodiscard]] virtual const std::string& first_api_key() const = 0;
  /// "http://localhost:<port>/#key=…" when there is a session key, without the key otherwise.
  [[nodiscard]] virtual std::string page_url(int port) const = 0;
  /// Ends running requests and the housekeeping. Await before the loop ends.
  virtual runtime::Task<void> close() = 0;
};

}  // namespace edge_server
