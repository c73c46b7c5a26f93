// The real thing once: a worker's client and the edge, over sockets.
#include <doctest/doctest.h>

#include "edge_bench.h"
#include "runtime/http_client.h"

using namespace std::chrono_literals;
using namespace edge_server;

namespace {

struct Outcome {
  base::Result<edge::LockGrant> lock = base::fail(base::ErrorCode::kIo, "not asked");
  base::Result<edge::QueueListing> queue = base::fail(base::ErrorCode::kIo, "not asked");
  base::Result<void> refused;
  edge::Reachability reachability{};
};

runtime::Task<void> talk(runtime::EventLoop& loop, EdgeServer& server, edge::EdgeClient& client,
                         edge::EdgeClient& stranger, runtime::HttpClient& http, Outcome& out) {
  runtime::HttpRequest create;
  create.method = "POST";
  create.url = "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/instances";
  create.headers = {{"Authorization", std::string("Bearer ") + kApiKey}};
  create.body = R"({"id":"i1"})";
  auto message = create;
  message.url += "/i1/messages";
  message.body = R"({"to":"5511999999999","body":"olá"})";
  (void)co_await http.send(std::move(create));
  (void)co_await http.send(std::move(message));

  edge::LockRequest lock{"i1", "a:1", 30s};
  edge::Call call;
  out.lock = co_await client.acquire_lock(std::move(lock), call);
  out.queue = co_await client.queued_messages("i1", call);
  edge::StatusUpdate update;
  update.instance_id = "i1";
  out.refused = co_await stranger.update_status(std::move(update), call);
  out.reachability = stranger.reachability();
  co_await server.close();
  loop.stop();
}

}  // namespace

TEST_CASE("a worker finds, locks and polls an instance over HTTP; a stranger is refused") {
  TemporaryFolder folder;
  base::SystemClock clock;
  base::SystemRandom random;
  runtime::EventLoop loop(clock);
  runtime::BlockingExecutor executor{1};
  runtime::HttpClient http(loop, {});
  edge::HttpEdgeTransport transport(http);
  EdgeServerSettings settings;
  settings.bind = "127.0.0.1";
  settings.port = 0;
  settings.data_folder = folder.path();
  settings.worker_secret = kWorkerSecret;
  settings.api_key = kApiKey;
  auto server = EdgeServer::start(loop, executor, settings, random, base::Log{}).value();

  edge::EdgeClientSettings worker;
  worker.base_url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
  worker.worker_secret = kWorkerSecret;
  edge::EdgeClient client(loop, transport, random, worker, base::Log{});
  worker.worker_secret = "something else";
  edge::EdgeClient stranger(loop, transport, random, worker, base::Log{});

  Outcome out;
  runtime::TaskScope scope(loop);
  scope.spawn(talk(loop, *server, client, stranger, http, out));
  loop.run();
  REQUIRE(out.lock);
  CHECK(out.lock->fence == 1);
  REQUIRE(out.queue);
  CHECK(out.queue->messages.at(0).body == "olá");
  REQUIRE_FALSE(out.refused);
  CHECK(out.refused.error().detail == 401);
  CHECK(out.reachability == edge::Reachability::kUnauthorized);
}
