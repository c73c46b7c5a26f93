// An edge in memory of a temporary folder, asked without sockets; and a worker's EdgeClient wired straight to
// it.
#pragma once

#include <stdlib.h>  // mkdtemp

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "edge/edge_client.h"
#include "edge_server/edge_server.h"
#include "runtime/body_sources.h"
#include "runtime/task_scope.h"

namespace edge_server {

inline constexpr const char* kWorkerSecret = "secret-of-the-worker";
inline constexpr const char* kApiKey = "key-of-the-person";

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "wa-edge-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Hands a client's requests to a server's handler, and keeps them.
class DirectTransport final : public edge::EdgeTransport {
 public:
  explicit DirectTransport(runtime::HttpHandler handler) : handler_(std::move(handler)) {}

  runtime::Task<base::Result<runtime::HttpResponse>> attempt(runtime::HttpRequest request) override {
    WA_CO_TRY(request.body, co_await runtime::whole_body(request));
    requests.push_back(request);
    auto reply = co_await handler_(as_server_request(request));
    co_return reply;
  }

  static runtime::ServerRequest as_server_request(const runtime::HttpRequest& request) {
    runtime::ServerRequest out;
    out.method = request.method;
    out.headers = request.headers;
    out.body = request.body;
    auto rest = request.url.substr(request.url.find('/', request.url.find("//") + 2));
    const auto question = rest.find('?');
    out.path = runtime::url_decode(rest.substr(0, question));
    if (question == std::string::npos) return out;
    rest.erase(0, question + 1);
    while (!rest.empty()) {
      const auto pair = rest.substr(0, rest.find('&'));
      rest.erase(0, pair.size() + 1);
      const auto equals = pair.find('=');
      out.query[runtime::url_decode(pair.substr(0, equals))] = runtime::url_decode(pair.substr(equals + 1));
    }
    return out;
  }

  std::vector<runtime::HttpRequest> requests;

 private:
  runtime::HttpHandler handler_;
};

struct EdgeBench {
  explicit EdgeBench(EdgeServerSettings settings = {}) {
    settings.listen = Listen::kNowhere;
    settings.data_folder = folder.path();
    settings.worker_secret = kWorkerSecret;
    if (settings.api_key.empty()) settings.api_key = kApiKey;
    server = EdgeServer::start(loop, executor, std::move(settings), random, base::Log{}).value();
    transport.emplace(server->handler());
    edge::EdgeClientSettings worker;
    worker.base_url = "http://edge";
    worker.worker_secret = kWorkerSecret;
    client.emplace(loop, *transport, random, worker, base::Log{});
  }
  ~EdgeBench() {
    scope.cancel();
    scope.spawn(server->close());
    turn_until([this] { return scope.running() == 0; });
  }

  /// The executor's threads answer in their own time; the clock stands still meanwhile.
  template <class Condition>
  void turn_until(Condition condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) {
      loop.run_until_idle();
      if (!condition()) std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
  }

  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  template <class T>
  T await(runtime::Task<T> task) {
    std::optional<T> out;
    scope.spawn(keep(std::move(task), out));
    turn_until([&] { return out.has_value(); });
    return std::move(out).value();
  }

  runtime::HttpResponse ask(const std::string& method, const std::string& path, const std::string& body = {},
                            const std::string& token = kApiKey, runtime::HttpHeaders more = {}) {
    runtime::HttpRequest request;
    request.method = method;
    request.url = "http://edge" + path;
    request.body = body;
    request.headers = std::move(more);
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return await(server->handler()(DirectTransport::as_server_request(request)));
  }
  nlohmann::json json(const std::string& method, const std::string& path, const std::string& body = {}) {
    return nlohmann::json::parse(ask(method, path, body).body);
  }
  runtime::HttpResponse as_worker(const std::string& method, const std::string& path,
                                  const std::string& body = {}) {
    return ask(method, path, body, kWorkerSecret);
  }
  void create(const std::string& id) { ask("POST", "/v1/instances", R"({"id":")" + id + R"("})"); }

  TemporaryFolder folder;
  base::ManualClock clock;
  base::SeededRandom random{3};
  runtime::EventLoop loop{clock};
  runtime::BlockingExecutor executor{1};
  runtime::TaskScope scope{loop};
  std::unique_ptr<EdgeServer> server;
  std::optional<DirectTransport> transport;
  std::optional<edge::EdgeClient> client;
};

}  // namespace edge_server
