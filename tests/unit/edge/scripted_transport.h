// An edge that answers from a script, and remembers what it was asked.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "edge/edge_client.h"
#include "runtime/body_sources.h"
#include "runtime/one_shot.h"
#include "runtime/task_scope.h"

namespace edge {

class ScriptedTransport final : public EdgeTransport {
 public:
  runtime::Task<base::Result<runtime::HttpResponse>> attempt(runtime::HttpRequest request) override {
    WA_CO_TRY(request.body, co_await runtime::whole_body(request));
    requests.push_back(std::move(request));
    if (script.empty()) co_return base::fail(base::ErrorCode::kUnavailable, "the script is over");
    auto next = std::move(script.front());
    script.pop_front();
    co_return next;
  }

  void answer(int status, std::string body = {}, runtime::HttpHeaders headers = {}) {
    script.emplace_back(runtime::HttpResponse{status, std::move(headers), std::move(body)});
  }
  void fail(base::ErrorCode code) { script.emplace_back(base::fail(code, "no luck")); }

  std::deque<base::Result<runtime::HttpResponse>> script;
  std::vector<runtime::HttpRequest> requests;
};

inline constexpr const char* kSecret = "s3cret-of-the-worker";

/// A client whose time stands still until told, over a scripted edge.
struct ClientBench {
  explicit ClientBench(RequestObserver observer = nullptr)
      : client(loop, transport, random, settings(), base::Log{}, std::move(observer)) {}

  static EdgeClientSettings settings() {
    EdgeClientSettings out;
    out.base_url = "https://edge.example/functions/v1/worker-proxy/inbound/";
    out.worker_secret = kSecret;
    out.worker_id = "host-1";
    out.version = "9.9";
    return out;
  }

  template <class T>
  static runtime::Task<void> keep(runtime::Task<base::Result<T>> task, std::optional<base::Result<T>>& out) {
    out.emplace(co_await std::move(task));
  }

  /// Starts a call; `out` is set when it has ended.
  template <class T>
  void start(runtime::Task<base::Result<T>> task, std::optional<base::Result<T>>& out) {
    scope.spawn(keep(std::move(task), out));
    loop.run_until_idle();
  }
  /// Plays time until the call has ended, at most an hour.
  template <class T>
  base::Result<T> finish(runtime::Task<base::Result<T>> task) {
    std::optional<base::Result<T>> out;
    start(std::move(task), out);
    for (int second = 0; second < 3'600 && !out; ++second) advance(std::chrono::seconds{1});
    if (!out) return base::fail(base::ErrorCode::kTimeout, "the call never ended");
    return std::move(*out);
  }
  void advance(base::Duration by) {
    clock.advance(by);
    loop.run_until_idle();
  }
  [[nodiscard]] std::string sent_header(std::size_t request, std::string_view name) const {
    return std::string{runtime::header(transport.requests.at(request).headers, name)};
  }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  base::SeededRandom random{7};
  ScriptedTransport transport;
  EdgeClient client;
  runtime::TaskScope scope{loop};
};

}  // namespace edge
