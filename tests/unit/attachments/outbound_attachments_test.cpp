#include "attachments/outbound_attachments.h"

#include <doctest/doctest.h>

#include "runtime/http_server.h"
#include "unit/whatsapp/client/media/media_bench.h"
#include "whatsapp/store/memory_device_store.h"

using namespace std::chrono_literals;
using namespace worker;
using base::ErrorCode;
using runtime::header;
using runtime::HttpResponse;
using runtime::ServerRequest;
using runtime::Task;
using whatsapp::test::MediaBench;
using whatsapp::test::some_bytes;

namespace {

// Where the edge's media_urls lead.
struct Site {
  explicit Site(LiveLoop& loop) : live(loop) {
    const auto answer = [this](ServerRequest request) { return reply(*this, std::move(request)); };
    server = runtime::HttpServer::listen(live.loop, {.bind = "127.0.0.1"}, answer, nullptr).value();
    base = "http://127.0.0.1:" + std::to_string(server->port());
  }
  ~Site() { live.finish(close(*server)); }
  static Task<void> close(runtime::HttpServer& server) { co_await server.close(); }
  static Task<HttpResponse> reply(Site& site, ServerRequest request) {
    ++site.requests;
    const bool known = header(request.headers, "If-None-Match") == "\"v1\"";
    if (known && site.etag == "\"v1\"") co_return HttpResponse{.status = 304};
    if (request.path == "/away")
      co_return HttpResponse{.status = 302, .headers = {{"Location", "http://10.0.0.1/"}}};
    if (request.path == "/missing") co_return HttpResponse{.status = 404};
    if (request.path == "/busy") co_return HttpResponse{.status = 503};
    HttpResponse response{.body = site.body};
    response.headers = {{"Content-Type", "application/octet-stream"}};
    if (!site.etag.empty()) response.headers.emplace_back("ETag", site.etag);
    co_return response;
  }

  LiveLoop& live;
  std::string base;
  std::string body = "\xff\xd8\xff a picture";
  std::string etag;
  int requests = 0;
  std::unique_ptr<runtime::HttpServer> server;
};

// Knows what it was told to know.
class ScriptedPreviewer final : public Previewer {
 public:
  Task<base::Result<Preview>> look(std::string) override { co_return seen; }
  Task<base::Result<void>> convert(Conversion, std::string, std::string to) override {
    if (!converts) co_return base::fail(ErrorCode::kNotFound, "no such program");
    std::ofstream(to) << "converted";
    co_return base::Result<void>{};
  }
  base::Result<Preview> seen = base::fail(ErrorCode::kUnavailable, "nobody looks");
  bool converts = false;
};

struct Bench {
  explicit Bench(runtime::AddressPolicy policy = runtime::AddressPolicy::kAny) {
    FetchSettings fetch;
    fetch.folder = media.folder.at("tmp");
    fetch.addresses = policy;
    fetcher.emplace(*media.http, media.executor.lane(media.live.loop), media.random, fetch);
    SizeLimits limits;
    limits.image = 1000;
    attachments.emplace(OutboundAttachmentsDependencies{media.live.loop, *fetcher, *media.transport, store,
                                                        previewer, base::Log{}},
                        limits);
  }
  ~Bench() { media.live.finish(store.close()); }
  base::Result<PreparedAttachment> prepare(OutboundAttachment request) {
    return media.finish(attachments->prepare(std::move(request)));
  }
  OutboundAttachment image(const std::string& path = "/a.jpg") {
    return {.url = site.base + path, .kind = MediaKind::kImage};
  }
  std::uint64_t uploads() { return media.store.counters().uploads; }

  MediaBench media;
  Site site{media.live};
  whatsapp::AccountStore store{std::make_unique<whatsapp::store::MemoryDeviceStore>(),
                               media.executor.lane(media.live.loop)};
  ScriptedPreviewer previewer;
  std::optional<UrlFetcher> fetcher;
  std::optional<OutboundAttachments> attachments;
};

}  // namespace

TEST_CASE("a file is fetched, looked into, uploaded and described") {
  Bench bench;
  Preview seen;
  seen.width = 640;
  seen.height = 480;
  seen.jpeg_thumbnail = {1, 2, 3};
  bench.previewer.seen = seen;
  const auto prepared = bench.prepare(bench.image("/photos/My%20cat.jpg?x=1"));
  REQUIRE_MESSAGE(prepared.has_value(), prepared.error().message);
  CHECK(prepared->file.mimetype == "image/jpeg");
  CHECK(prepared->file.file_name == "My cat.jpg");
  CHECK(prepared->file.width == 640);
  CHECK(prepared->file.jpeg_thumbnail == base::Bytes{1, 2, 3});
  CHECK(prepared->file.length == bench.site.body.size());
  REQUIRE(bench.media.download(prepared->file).has_value());
  CHECK(base::to_string(bench.media.folder.read("got")) == bench.site.body);
  CHECK(std::filesystem::is_empty(bench.media.folder.at("tmp")));
}

TEST_CASE("without anybody who looks into files they go out all the same") {
  Bench bench;
  CHECK(bench.prepare(bench.image()).has_value());
}

TEST_CASE("one URL sent again is one upload, for as long as its server says that it is the same") {
  Bench bench;
  bench.site.etag = "\"v1\"";
  const auto first = bench.prepare(bench.image());
  REQUIRE(first.has_value());
  const auto again = bench.prepare(bench.image());
  REQUIRE(again.has_value());
  CHECK(again->file.direct_path == first->file.direct_path);
  CHECK(again->file.media_key == first->file.media_key);
  CHECK(bench.uploads() == 1);
  SUBCASE("changed") {
    bench.site.etag = "\"v2\"";
    bench.site.body += "!";
    CHECK(bench.prepare(bench.image())->file.direct_path != first->file.direct_path);
    CHECK(bench.uploads() == 2);
  }
  SUBCASE("the same bytes under another name") {
    CHECK(bench.prepare(bench.image("/b.jpg"))->file.direct_path == first->file.direct_path);
    CHECK(bench.uploads() == 1);
  }
  SUBCASE("another kind has other keys") {
    auto request = bench.image();
    request.kind = MediaKind::kDocument;
    request.file_name = "x/../report.jpg";
    CHECK(bench.prepare(request)->file.file_name == "report.jpg");
    CHECK(bench.uploads() == 2);
  }
}

TEST_CASE("an upload is used again only while the hosts keep it") {
  CHECK(usable_until("/v/x?ccb=1&oe=68E90000&x=1", 1'760'000'000) == 0x68E90000 - 3600);
  CHECK(usable_until("/v/x?oe=FFFFFFFF", 1'760'000'000) == 1'760'000'000 + 3 * 24 * 3600);
  CHECK(usable_until("/v/x", 100) == 100 + 3 * 24 * 3600);
}

TEST_CASE(
    "M7: media URLs lead to public addresses only, redirects included, unless the operator allows more") {
  Bench strict(runtime::AddressPolicy::kPublicOnly);
  const auto refused = strict.prepare(strict.image());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(media_failure_word(refused.error()) == "media_download_failed");
  CHECK_FALSE(may_succeed_later(refused.error()));
  CHECK(strict.site.requests == 0);
  for (const char* url : {"file:///etc/passwd", "ftp://example.com/x", "data:text/plain,x", "gopher://x", ""})
    CHECK(strict.prepare({.url = url}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("what cannot be fetched says whether later makes sense, and with which word it fails") {
  Bench bench;
  const auto missing = bench.prepare(bench.image("/missing"));
  CHECK(missing.error().detail == 404);
  CHECK_FALSE(may_succeed_later(missing.error()));
  CHECK(may_succeed_later(bench.prepare(bench.image("/busy")).error()));
  bench.site.body = std::string(1001, 'x');
  const auto large = bench.prepare(bench.image());
  CHECK(large.error().code == ErrorCode::kLimit);
  CHECK(media_failure_word(large.error()) == "media_too_large");
  CHECK(std::filesystem::is_empty(bench.media.folder.at("tmp")));
}

TEST_CASE("what a kind needs is made of a file, or the file goes as something less") {
  Bench bench;
  bench.site.body = "\x89PNG picture";
  OutboundAttachment sticker = bench.image();
  sticker.kind = MediaKind::kSticker;
  const auto lesser = bench.prepare(sticker);
  REQUIRE(lesser.has_value());
  CHECK(lesser->file.kind == MediaKind::kImage);
  CHECK(lesser->file.mimetype == "image/png");
  bench.previewer.converts = true;
  bench.site.body += " other";
  const auto made = bench.prepare(sticker);
  REQUIRE(made.has_value());
  CHECK(made->file.kind == MediaKind::kSticker);
  CHECK(made->file.mimetype == "image/webp");
  REQUIRE(bench.media.download(made->file).has_value());
  CHECK(base::to_string(bench.media.folder.read("got")) == "converted");
  bench.site.body = "OggS OpusHead";
  OutboundAttachment voice = bench.image("/v.ogg");
  voice.kind = MediaKind::kPtt;
  CHECK(bench.prepare(voice)->file.mimetype == "audio/ogg; codecs=opus");
}
