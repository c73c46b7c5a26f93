#include "whatsapp/client/media/media_transport.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "unit/whatsapp/client/media/media_bench.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using simulator::MediaFault;
using whatsapp::MediaUploadRequest;
using whatsapp::UploadedMedia;
using whatsapp::media::MediaKind;
using whatsapp::test::MediaBench;
using whatsapp::test::some_bytes;
using Kind = MediaFault::Kind;
using On = MediaFault::On;

namespace {

// What is left in the folder besides what the test itself wrote.
std::vector<std::string> leftovers(const MediaBench& bench) {
  auto names = bench.folder.names();
  std::erase_if(names, [](const std::string& name) { return name == "ca.pem" || name == "plain"; });
  return names;
}

const std::vector<std::string> kNothing;

[[maybe_unused]] std::uint64_t memory_in_use() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

}  // namespace

TEST_CASE("files of every length go up encrypted and come down the same") {
  MediaBench bench;
  for (const std::size_t size : {0u, 1u, 15u, 16u, 17u, 65'519u, 65'536u, 262'144u, 1'000'001u}) {
    CAPTURE(size);
    const auto bytes = some_bytes(size);
    const auto uploaded = bench.upload(bytes, MediaKind::kVideo);
    REQUIRE_MESSAGE(uploaded.has_value(), uploaded.error().message);
    const auto& reference = uploaded->reference;
    CHECK(reference.length == size);
    CHECK(reference.direct_path.starts_with("/v/"));
    CHECK(reference.streaming_sidecar.size() == (size / 16 + 1) * 16 / 65'536 * 10 + 10);
    const auto object = bench.store.find_by_hash(*reference.file_enc_sha256);
    REQUIRE(object.has_value());
    CHECK(object->type == "video");
    const auto got = bench.download(reference);
    REQUIRE_MESSAGE(got.has_value(), got.error().message);
    CHECK(got->length == size);
    CHECK(got->plaintext_hash == whatsapp::media::PlaintextHash::kMatches);
    CHECK(bench.folder.read("got") == bytes);
    CHECK(leftovers(bench) == std::vector<std::string>{"got"});
  }
  CHECK(bench.questions == 1);
}

TEST_CASE("M3: a large file passes both ways in little memory") {
#ifndef __SANITIZE_ADDRESS__
  MediaBench bench;
  const std::size_t size = 100u << 20;
  (void)bench.upload(some_bytes(100));  // TLS and threads have their memory
  { const std::string path = bench.folder.write("plain", some_bytes(size)); }
  MediaUploadRequest request;
  request.path = bench.folder.at("plain");
  std::uint64_t most = 0;
  const auto before = memory_in_use();
  const auto watch = [&](auto task, auto& out) {
    bench.live.scope.spawn(MediaBench::keep(std::move(task), out));
    CHECK(bench.live.until(
        [&] {
          most = std::max(most, memory_in_use());
          return out.has_value();
        },
        120s));
  };
  std::optional<base::Result<UploadedMedia>> uploaded;
  watch(bench.transport->upload(request), uploaded);
  REQUIRE_MESSAGE((*uploaded).has_value(), (*uploaded).error().message);
  std::optional<base::Result<whatsapp::DownloadedMedia>> got;
  watch(bench.transport->download({(*uploaded)->reference, bench.folder.at("got")}), got);
  REQUIRE_MESSAGE((*got).has_value(), (*got).error().message);
  CHECK((*got)->length == size);
  CHECK((most - std::min(most, before)) / 1024 < 8u * 1024);
#endif
}

TEST_CASE("M5: the hosts are asked for once, again when permission is refused, and no third time") {
  MediaBench bench;
  std::vector<std::optional<base::Result<UploadedMedia>>> all(10);
  MediaUploadRequest request;
  request.path = bench.folder.write("plain", some_bytes(1000));
  for (auto& out : all) bench.live.scope.spawn(MediaBench::keep(bench.transport->upload(request), out));
  CHECK(bench.live.until(
      [&] { return std::ranges::all_of(all, [](const auto& out) { return out.has_value(); }); }));
  for (const auto& out : all) CHECK((*out).has_value());
  CHECK(bench.questions == 1);
  SUBCASE("401 once") {
    bench.store.revoke_auth();
    CHECK(bench.upload(some_bytes(10)).has_value());
    CHECK(bench.questions == 2);
  }
  SUBCASE("401 for ever") {
    bench.fault({.kind = Kind::kStatus, .on = On::kUpload, .count = -1, .code = 401});
    const auto refused = bench.upload(some_bytes(10));
    CHECK(refused.error().code == ErrorCode::kRejected);
    CHECK(refused.error().detail == 401);
    CHECK(bench.questions == 2);
  }
  SUBCASE("another connection asks anew") {
    bench.desk.hosts.forget();
    CHECK(bench.upload(some_bytes(10)).has_value());
    CHECK(bench.questions == 2);
  }
}

TEST_CASE("without hosts an upload fails, and the next one asks again") {
  MediaBench bench;
  bench.refuse_questions = true;
  CHECK_FALSE(bench.upload(some_bytes(10)).has_value());
  bench.refuse_questions = false;
  CHECK(bench.upload(some_bytes(10)).has_value());
  CHECK(bench.questions == 2);
}

TEST_CASE("an upload goes to the next host when one fails, and gives up when all do") {
  MediaBench bench;
  const auto bytes = some_bytes(100'000);
  const std::string first = bench.store.hosts().front();
  SUBCASE("dead") { bench.fault({.kind = Kind::kDown, .host = first, .count = -1}); }
  SUBCASE("busy") {
    bench.fault({.kind = Kind::kStatus, .on = On::kUpload, .host = first, .count = -1, .code = 500});
  }
  SUBCASE("refuses") {
    bench.fault({.kind = Kind::kStatus, .on = On::kUpload, .host = first, .count = -1, .code = 400});
  }
  SUBCASE("breaks off") {
    bench.fault({.kind = Kind::kTruncate, .on = On::kUpload, .host = first, .count = -1, .bytes = 500});
  }
  SUBCASE("no answer") { bench.fault({.kind = Kind::kReset, .on = On::kUpload, .host = first, .count = -1}); }
  SUBCASE("nonsense") {
    bench.fault({.kind = Kind::kBadJson, .on = On::kUpload, .host = first, .count = -1, .text = "{}"});
  }
  SUBCASE("away") {
    bench.fault({.kind = Kind::kRedirect,
                 .on = On::kUpload,
                 .host = first,
                 .count = -1,
                 .text = "https://evil.example/"});
  }
  SUBCASE("both, once") { bench.fault({.kind = Kind::kStatus, .on = On::kUpload, .count = 2, .code = 503}); }
  const auto uploaded = bench.upload(bytes);
  REQUIRE_MESSAGE(uploaded.has_value(), uploaded.error().message);
  bench.store.clear_faults();
  CHECK(bench.download(uploaded->reference).has_value());
  CHECK(bench.folder.read("got") == bytes);
}

TEST_CASE("an upload that no host takes ends with what the hosts said") {
  MediaBench bench;
  const auto fails_with = [&](int status) {
    bench.store.clear_faults();
    bench.fault({.kind = Kind::kStatus, .on = On::kUpload, .count = -1, .code = status});
    return bench.upload(some_bytes(10)).error();
  };
  CHECK(fails_with(413).code == ErrorCode::kLimit);
  CHECK(fails_with(404).code == ErrorCode::kRejected);
  CHECK(fails_with(404).detail == 404);
  CHECK(fails_with(503).code == ErrorCode::kUnavailable);
  MediaUploadRequest request;
  request.path = bench.folder.at("not-there");
  CHECK(bench.finish(bench.transport->upload(request)).error().code == ErrorCode::kNotFound);
}

TEST_CASE("a channel's file goes up and comes down as it is") {
  MediaBench bench;
  const auto bytes = some_bytes(5000);
  MediaUploadRequest request;
  request.path = bench.folder.write("plain", bytes);
  request.kind = MediaKind::kImage;
  request.audience = MediaUploadRequest::Audience::kChannel;
  const auto uploaded = bench.finish(bench.transport->upload(request));
  REQUIRE_MESSAGE(uploaded.has_value(), uploaded.error().message);
  CHECK_FALSE(uploaded->handle.empty());
  CHECK_FALSE(uploaded->reference.media_key.has_value());
  CHECK_FALSE(uploaded->reference.file_enc_sha256.has_value());
  auto reference = uploaded->reference;
  reference.media_key.emplace(base::FixedBytes<32>{});  // of no concern without the other hash
  REQUIRE(bench.download(reference).has_value());
  CHECK(bench.folder.read("got") == bytes);
  CHECK(leftovers(bench) == std::vector<std::string>{"got"});
  reference.file_sha256->at(0) ^= 1;
  std::filesystem::remove(bench.folder.at("got"));
  CHECK(bench.download(reference).error().code == ErrorCode::kCorrupt);
  CHECK(leftovers(bench) == kNothing);
}

TEST_CASE("M1: a file that is gone is not looked for elsewhere, and nothing is left of the attempt") {
  MediaBench bench;
  const auto uploaded = bench.upload(some_bytes(1000));
  REQUIRE(uploaded.has_value());
  for (const int status : {403, 404, 410}) {
    CHECK(bench.store.expire("", status).has_value());
    const auto before = bench.store.counters().connections + bench.store.counters().not_found;
    const auto got = bench.download(uploaded->reference);
    CHECK(got.error().code == ErrorCode::kNotFound);
    CHECK(got.error().detail == status);
    CHECK(bench.store.counters().not_found + bench.store.counters().connections <= before + 2);
    CHECK(leftovers(bench) == kNothing);
  }
}

TEST_CASE("M2: a damaged, broken-off or slow download is repeated from the beginning, elsewhere") {
  MediaBench bench;
  const auto bytes = some_bytes(300'000);
  const auto uploaded = bench.upload(bytes);
  REQUIRE(uploaded.has_value());
  const std::string first = bench.store.hosts().front();
  SUBCASE("damaged") {
    bench.fault({.kind = Kind::kCorrupt, .on = On::kDownload, .host = first, .count = -1, .bytes = 777});
  }
  SUBCASE("broken off") {
    bench.fault({.kind = Kind::kTruncate, .on = On::kDownload, .host = first, .count = -1, .bytes = 100'000});
  }
  SUBCASE("dead") { bench.fault({.kind = Kind::kDown, .host = first, .count = -1}); }
  SUBCASE("busy") {
    bench.fault({.kind = Kind::kStatus, .on = On::kDownload, .host = first, .count = -1, .code = 503});
  }
  SUBCASE("all busy at first") {
    bench.fault({.kind = Kind::kStatus, .on = On::kDownload, .count = 3, .code = 429});
  }
  SUBCASE("unauthorized") {
    bench.fault({.kind = Kind::kStatus, .on = On::kDownload, .count = 2, .code = 401});
  }
  SUBCASE("redirected away") {
    bench.fault({.kind = Kind::kRedirect,
                 .on = On::kDownload,
                 .host = first,
                 .count = -1,
                 .text = "http://169.254.169.254/"});
  }
  const auto got = bench.download(uploaded->reference);
  REQUIRE_MESSAGE(got.has_value(), got.error().message);
  CHECK(bench.folder.read("got") == bytes);
  CHECK(leftovers(bench) == std::vector<std::string>{"got"});
}

TEST_CASE("a long download that breaks off goes on where it stopped") {
  MediaBench bench;
  const auto bytes = some_bytes(5u << 20);
  const auto uploaded = bench.upload(bytes, MediaKind::kDocument);
  REQUIRE(uploaded.has_value());
  const auto before = bench.store.counters();
  bench.fault({.kind = Kind::kTruncate, .on = On::kDownload, .count = 2, .bytes = 2u << 20});
  REQUIRE(bench.download(uploaded->reference).has_value());
  CHECK(bench.folder.read("got") == bytes);
  CHECK(bench.store.counters().bytes_down - before.bytes_down < (6u << 20));
  CHECK(bench.store.counters().ranges > before.ranges);
}

TEST_CASE("what no host gives rightly is an error that says why, and never reaches its place") {
  MediaBench bench;
  const auto uploaded = bench.upload(some_bytes(5000));
  REQUIRE(uploaded.has_value());
  auto reference = uploaded->reference;
  SUBCASE("damaged everywhere") {
    bench.fault({.kind = Kind::kCorrupt, .on = On::kDownload, .count = -1, .bytes = 1});
    CHECK(bench.download(reference).error().code == ErrorCode::kCorrupt);
  }
  SUBCASE("cut short everywhere") {
    bench.fault({.kind = Kind::kTruncate, .on = On::kDownload, .count = -1, .bytes = 100});
    CHECK(bench.download(reference).error().code == ErrorCode::kUnavailable);
  }
  SUBCASE("another key") {
    reference.media_key.emplace(base::FixedBytes<32>{1});
    CHECK(bench.download(reference).error().code == ErrorCode::kCrypto);
  }
  SUBCASE("another kind") {
    reference.kind = MediaKind::kDocument;
    CHECK(bench.download(reference).error().code == ErrorCode::kCrypto);
  }
  SUBCASE("no key") {
    reference.media_key.reset();
    CHECK(bench.download(reference).error().code == ErrorCode::kMalformed);
  }
  SUBCASE("a path that leads away") {
    for (const char* path :
         {"", "x", "//evil.example/x", "/\\evil", "https://evil.example/", "/a\r\nHost: b"}) {
      reference.direct_path = path;
      CHECK(bench.download(reference).error().code == ErrorCode::kMalformed);
    }
  }
  SUBCASE("a URL of another host") {
    reference.direct_path.clear();
    reference.url = "https://evil.example/x";
    CHECK(bench.download(reference).error().code == ErrorCode::kMalformed);
  }
  CHECK(leftovers(bench) == kNothing);
}

TEST_CASE("M4: a wrong length in the message does no harm; one over our limit ends the download") {
  MediaBench bench;
  const auto uploaded = bench.upload(some_bytes(300'000));
  REQUIRE(uploaded.has_value());
  auto reference = uploaded->reference;
  reference.length = 5;
  CHECK(bench.download(reference).has_value());
  std::filesystem::remove(bench.folder.at("got"));
  whatsapp::MediaTransportSettings settings;
  settings.fallback_hosts.clear();
  settings.most_bytes = 200'000;
  bench.transport.emplace(
      whatsapp::MediaTransportDependencies{bench.live.loop, *bench.http, bench.executor.lane(bench.live.loop),
                                           bench.random, bench.desk.hosts, base::Log{}},
      settings);
  CHECK(bench.download(reference).error().code == ErrorCode::kLimit);
  CHECK(leftovers(bench) == kNothing);
}

TEST_CASE("a plaintext hash that the sender got wrong is told, not refused") {
  MediaBench bench;
  const auto uploaded = bench.upload(some_bytes(100));
  auto reference = uploaded->reference;
  reference.file_sha256->at(3) ^= 8;
  const auto got = bench.download(reference);
  REQUIRE(got.has_value());
  CHECK(got->plaintext_hash == whatsapp::media::PlaintextHash::kDiffers);
}

TEST_CASE("a download that is cancelled leaves nothing behind") {
  MediaBench bench;
  const auto uploaded = bench.upload(some_bytes(3u << 20), MediaKind::kDocument);
  bench.fault({.kind = Kind::kSlow, .on = On::kDownload, .count = -1, .bytes = 200'000});
  std::optional<base::Result<whatsapp::DownloadedMedia>> out;
  bench.live.scope.spawn(
      MediaBench::keep(bench.transport->download({uploaded->reference, bench.folder.at("got")}), out));
  CHECK(bench.live.until([&] { return leftovers(bench) != kNothing; }));
  bench.live.close_scope();
  CHECK((*out).error().code == ErrorCode::kCancelled);
  CHECK(leftovers(bench) == kNothing);
}
