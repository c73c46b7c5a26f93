// The media hosts over real TLS, asked by the HTTP client of the worker.
#include "simulator/media_host/media_hosts.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/random.h"
#include "runtime/http_client.h"
#include "unit/runtime/live_loop.h"

namespace simulator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Two hosts and a client that trusts them.
struct HostBench {
  HostBench() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wa-hosts-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    MediaSettings settings;
    settings.authority_folder = folder.string();
    auto started = MediaHosts::start(store, settings, "127.0.0.1");
    REQUIRE(started);
    hosts = *std::move(started);
    client = std::make_unique<runtime::HttpClient>(
        live.loop, runtime::HttpClientSettings{.ca_file = (folder / "ca.pem").string()});
    auth = store.issue_auth(60s);
  }
  ~HostBench() { std::filesystem::remove_all(folder); }

  static runtime::Task<void> send(HostBench& bench, runtime::HttpRequest request) {
    bench.answer = base::fail(base::ErrorCode::kCancelled, "");
    auto answered = co_await bench.client->send(std::move(request));
    bench.answer = std::move(answered);
  }
  runtime::HttpResponse ask(runtime::HttpRequest request) {
    REQUIRE(live.finish(send(*this, std::move(request))));
    return answer ? *answer : runtime::HttpResponse{.status = 0};
  }
  [[nodiscard]] std::string base_url(std::size_t host = 0) const {
    return "https://" + store.hosts().at(host);
  }

  /// `query` comes behind auth and token.
  runtime::HttpResponse upload(const std::string& body, const std::string& token_of,
                               const std::string& query = {}, std::size_t host = 0) {
    const std::string token =
        base::to_base64(crypto::sha256(base::as_bytes(token_of)), base::Base64::kUrlNoPadding);
    runtime::HttpRequest request;
    request.method = "POST";
    request.url = base_url(host) + "/mms/image/" + token + "?auth=" + runtime::url_encode(auth) +
                  "&token=" + token + query;
    request.body = body;
    return ask(std::move(request));
  }
  runtime::HttpResponse download(const std::string& path, const std::string& range = {}) {
    runtime::HttpRequest request;
    request.url = base_url() + path;
    if (!range.empty()) request.headers.emplace_back("Range", range);
    return ask(std::move(request));
  }

  LiveLoop live;
  MediaStore store;
  std::filesystem::path folder;
  std::unique_ptr<MediaHosts> hosts;
  std::unique_ptr<runtime::HttpClient> client;
  std::string auth;
  base::Result<runtime::HttpResponse> answer = base::fail(base::ErrorCode::kCancelled, "");
};

/// As long as an encrypted file can be.
std::string file_of(std::size_t blocks) {
  base::SeededRandom random(blocks);
  return base::to_string(random.bytes(blocks * 16 + 10));
}

std::string direct_path_in(const runtime::HttpResponse& response) {
  return json::parse(response.body).at("direct_path").get<std::string>();
}

TEST_CASE("what is uploaded to one host can be downloaded, whole and in parts") {
  HostBench bench;
  const std::string file = file_of(20'000);
  const auto stored = bench.upload(file, file, {}, 1);
  REQUIRE(stored.status == 200);
  const std::string path = direct_path_in(stored);
  CHECK(bench.download(path).body == file);
  const auto part = bench.download(path, "bytes=1000-1999");
  CHECK(part.status == 206);
  CHECK(part.body == file.substr(1000, 1000));
  CHECK(bench.download(path, "bytes=100000-").body == file.substr(100'000));
  CHECK(bench.download(path, "bytes=99999999-").status == 416);
  const MediaCounters counters = bench.store.counters();
  CHECK(counters.uploads == 1);
  CHECK(counters.downloads == 3);
  CHECK(counters.ranges == 2);
}

TEST_CASE("a download that names another hash, or nothing that is there, is not answered with a file") {
  HostBench bench;
  const auto object = bench.store.add(base::as_bytes("a file"), "image");
  const std::string right = base::to_base64(object->hash, base::Base64::kUrl);
  const std::string wrong = base::to_base64(crypto::sha256(base::as_bytes("x")), base::Base64::kUrl);
  CHECK(bench.download(object->direct_path + "&hash=" + right).status == 200);
  CHECK(bench.download(object->direct_path + "&hash=" + wrong).status == 404);
  CHECK(bench.download("/v/t62.7118-24/0_n.enc").status == 404);
  REQUIRE(bench.store.expire(object->id, 410));
  CHECK(bench.download(object->direct_path).status == 410);
  CHECK(bench.store.counters().not_found == 3);
}

TEST_CASE("an upload needs a valid token, and a name that is its hash") {
  HostBench bench;
  const std::string file = file_of(3);
  CHECK(bench.upload(file, "something else").status == 400);
  const std::string odd = file + "x";
  CHECK(bench.upload(odd, odd).status == 400);
  CHECK(bench.store.counters().bad_uploads == 2);
  bench.store.revoke_auth();
  CHECK(bench.upload(file, file).status == 401);
  bench.auth = bench.store.issue_auth(60s);
  CHECK(bench.upload(file, file).status == 200);
  CHECK(bench.store.counters().bad_auth == 1);
}

TEST_CASE("an upload that broke off goes on where it stopped") {
  HostBench bench;
  const std::string file = file_of(100'000);
  bench.store.arm({.kind = MediaFault::Kind::kTruncate, .on = MediaFault::On::kUpload, .bytes = 500'000});
  CHECK(bench.upload(file, file).status == 0);
  const auto state = bench.upload({}, file, "&resume=1");
  REQUIRE(state.status == 200);
  const auto offset = std::stoull(json::parse(state.body).at("resume").get<std::string>());
  CHECK(offset >= 500'000);
  CHECK(offset < file.size());
  const auto stored = bench.upload(file.substr(offset), file, "&file_offset=" + std::to_string(offset));
  REQUIRE(stored.status == 200);
  CHECK(bench.download(direct_path_in(stored)).body == file);
  CHECK(json::parse(bench.upload({}, file, "&resume=1").body).at("resume") == "complete");
}

TEST_CASE("faults happen to the requests they are for, as often as they were armed") {
  HostBench bench;
  const std::string file = file_of(1000);
  const auto object = bench.store.add(base::as_bytes(file), "image");
  const std::string path = object->direct_path;
  using Kind = MediaFault::Kind;

  bench.store.arm(
      {.kind = Kind::kStatus, .on = MediaFault::On::kDownload, .count = 2, .code = 503, .text = "3"});
  const auto busy = bench.download(path);
  CHECK(busy.status == 503);
  CHECK(runtime::header(busy.headers, "Retry-After") == "3");
  CHECK(bench.download(path).status == 503);
  CHECK(bench.download(path).status == 200);

  bench.store.arm({.kind = Kind::kCorrupt, .object = object->id, .bytes = 5});
  const std::string damaged = bench.download(path).body;
  CHECK(damaged.size() == file.size());
  CHECK(damaged[5] == static_cast<char>(file[5] ^ 1));

  for (const Kind broken : {Kind::kTruncate, Kind::kReset}) {
    bench.store.arm({.kind = broken, .bytes = 100});
    CHECK(bench.download(path).status == 0);
  }
  bench.store.arm({.kind = Kind::kStatus, .host = bench.store.hosts()[1]});
  CHECK(bench.download(path).status == 200);
  CHECK(bench.upload(file, file, {}, 1).status == 500);

  bench.store.arm({.kind = Kind::kBadJson, .text = "{"});
  CHECK(bench.upload(file, file).body == "{");
  bench.store.arm({.kind = Kind::kSlow, .delay = 50ms});
  const auto began = std::chrono::steady_clock::now();
  CHECK(bench.download(path).status == 200);
  CHECK(std::chrono::steady_clock::now() - began >= 50ms);
}

TEST_CASE("a host that is down takes no connection") {
  HostBench bench;
  const auto object = bench.store.add(base::as_bytes("a file"), "image");
  bench.store.arm({.kind = MediaFault::Kind::kDown, .host = bench.store.hosts()[0], .count = -1});
  CHECK(bench.download(object->direct_path).status == 0);
  bench.store.clear_faults();
  CHECK(bench.download(object->direct_path).status == 200);
}

TEST_CASE("who does not know the authority does not trust the hosts") {
  HostBench bench;
  bench.client = std::make_unique<runtime::HttpClient>(bench.live.loop, runtime::HttpClientSettings{});
  CHECK(bench.download("/v/x_n.enc").status == 0);
}

}  // namespace
}  // namespace simulator
