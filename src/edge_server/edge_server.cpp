#include "edge_server/edge_server.h"

#include <filesystem>

#include "edge_server/credentials.h"
#include "edge_server/router.h"
#include "edge_server/sqlite_edge_store.h"
#include "runtime/task_scope.h"

namespace edge_server {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::HttpResponse;
using runtime::Task;

constexpr std::size_t kShortestSecret = 8;
constexpr base::Duration kHousekeeping{std::chrono::hours{1}};

Result<void> check(const EdgeServerSettings& settings) {
  if (settings.worker_secret.size() < kShortestSecret)
    return fail(ErrorCode::kInvalidArgument, "WORKER_SECRET: must have at least 8 characters");
  if (!settings.api_key.empty() && settings.api_key.size() < kShortestSecret)
    return fail(ErrorCode::kInvalidArgument, "EDGE_API_KEY: must have at least 8 characters");
  return {};
}

std::string without_trailing_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

class Server final : public EdgeServer {
 public:
  Server(runtime::EventLoop& loop, runtime::BlockingExecutor& executor, EdgeServerSettings settings,
         std::unique_ptr<EdgeStore> store, base::Random& random, base::Log log)
      : loop_(loop),
        settings_(std::move(settings)),
        store_(std::move(store)),
        bell_(loop),
        answers_(loop),
        services_{*store_,
                  executor.lane(loop),
                  loop.clock(),
                  random,
                  bell_,
                  answers_,
                  MediaFolder{settings_.data_folder + "/media"},
                  ServiceSettings{settings_.worker_secret,
                                  {},
                                  {},
                                  without_trailing_slash(settings_.public_url),
                                  settings_.max_active_instances},
                  std::move(log)},
        scope_(loop) {}

  Result<void> open() {
    WA_TRY_VOID(prepare_keys());
    if (settings_.listen == Listen::kOwnPort) {
      runtime::HttpServerSettings http;
      http.bind = settings_.bind;
      http.port = settings_.port;
      http.max_body = kMaxRequestBody;
      WA_TRY(http_, runtime::HttpServer::listen(loop_, http, handler()));
    }
    scope_.spawn(keep_house());  // last: from here on only close() ends us
    return {};
  }

  runtime::HttpHandler handler() override {
    return [this](runtime::ServerRequest request) { return dispatch(services_, std::move(request)); };
  }
  int port() const override { return http_ ? http_->port() : 0; }
  const std::string& first_api_key() const override { return first_api_key_; }
  std::string page_url(int port) const override {
    const auto page = "http://localhost:" + std::to_string(port) + "/";
    return session_key_.empty() ? page : page + "#key=" + session_key_;
  }
  Task<void> close() override {
    if (http_) co_await http_->close();
    co_await scope_.close();
  }

 private:
  Result<void> prepare_keys() {
    if (settings_.session_key == SessionKey::kMake) {
      session_key_ = make_api_key(services_.random);
      services_.settings.session_key_hash = hash_of_key(session_key_);
    }
    if (!settings_.api_key.empty()) {
      services_.settings.api_key_hash = hash_of_key(settings_.api_key);
      return {};
    }
    WA_TRY(const bool have_one, store_->has_any_api_key());
    if (have_one) return {};
    first_api_key_ = make_api_key(services_.random);
    return store_->add_api_key(hash_of_key(first_api_key_), "first", services_.now());
  }

  Task<void> keep_house() {
    for (;;) {
      const auto slept = co_await runtime::sleep_for(loop_, kHousekeeping);
      if (!slept) co_return;
      const auto now = services_.now();
      const auto job = [&] {
        return store_->purge(now - settings_.message_retention.count(),
                             now - settings_.event_retention.count());
      };
      const auto purged = co_await services_.lane.run(job);
      if (!purged) services_.log.warn("old rows could not be removed", {{"error", purged.error().message}});
    }
  }

  runtime::EventLoop& loop_;
  EdgeServerSettings settings_;
  std::unique_ptr<EdgeStore> store_;
  QueueBell bell_;
  QueueBell answers_;
  Services services_;
  runtime::TaskScope scope_;
  std::unique_ptr<runtime::HttpServer> http_;
  std::string first_api_key_;
  std::string session_key_;
};

}  // namespace

Result<std::unique_ptr<EdgeServer>> EdgeServer::start(runtime::EventLoop& loop,
                                                      runtime::BlockingExecutor& executor,
                                                      EdgeServerSettings settings, base::Random& random,
                                                      base::Log log) {
  WA_TRY_VOID(check(settings));
  std::error_code error;
  std::filesystem::create_directories(settings.data_folder, error);
  if (error)
    return fail(ErrorCode::kIo, "cannot create " + settings.data_folder + ": " + error.message(),
                error.value());
  WA_TRY(auto store, SqliteEdgeStore::open(settings.data_folder + "/edge.db"));
  auto server =
      std::make_unique<Server>(loop, executor, std::move(settings), std::move(store), random, std::move(log));
  if (auto opened = server->open(); !opened) {
    return fail(std::move(opened).error());
  }
  return server;
}

}  // namespace edge_server
