#include "attachments/inbound_attachments.h"

#include <doctest/doctest.h>

#include "attachments/media_reference_json.h"
#include "attachments/media_type.h"
#include "runtime/body_sources.h"
#include "unit/instance_manager/fake_edge.h"
#include "unit/whatsapp/client/media/media_bench.h"

using namespace std::chrono_literals;
using namespace worker;
using base::ErrorCode;
using edge::InboundMedia;
using whatsapp::binary::Node;
using whatsapp::test::MediaBench;
using whatsapp::test::some_bytes;

namespace {

// Takes files in, or says why not.
class MediaEdge final : public worker::testing::FakeEdge {
 public:
  using FakeEdge::FakeEdge;
  Reply<std::string> upload_media(edge::MediaUpload upload, edge::Call) override {
    ++uploads;
    last = upload;
    if (refusal) co_return base::fail(*refusal);
    runtime::HttpRequest request;
    request.source = upload.content;
    WA_CO_TRY(content, co_await runtime::whole_body(request));
    co_return "https://edge/media/" + upload.wa_message_id;
  }
  std::optional<base::Error> refusal;
  int uploads = 0;
  edge::MediaUpload last{};
  std::string content;
};

using Outcome = std::optional<base::Result<InboundMedia>>;

struct Bench {
  explicit Bench(base::Duration give_up_after = std::chrono::hours{24}) {
    InboundAttachmentsSettings settings;
    settings.media_base = media.folder.at("media");
    settings.give_up_after = give_up_after;
    settings.first_pause = 5ms;
    settings.longest_pause = 20ms;
    attachments.emplace(InboundAttachmentsDependencies{.loop = media.live.loop,
                                                       .transport = *media.transport,
                                                       .phone = media.desk.retries,
                                                       .edge = edge,
                                                       .lane = media.executor.lane(media.live.loop),
                                                       .random = media.random,
                                                       .log = base::Log{}},
                        settings);
  }
  ~Bench() {
    media.live.close_scope();
    media.live.finish(attachments->close());
  }
  PendingAttachment arrived(base::ByteView bytes) {
    PendingAttachment pending;
    pending.instance_id = "i-1";
    pending.message_id = "3EB0AA";
    pending.chat = "999@s.whatsapp.net";
    pending.received_at = media.live.clock.unix_seconds();
    auto uploaded = media.upload(bytes);
    REQUIRE(uploaded.has_value());
    pending.file = uploaded->reference;
    pending.file.mimetype = "image/png";
    return pending;
  }
  void start(const PendingAttachment& pending, Outcome& out) {
    media.live.scope.spawn(MediaBench::keep(attachments->bring(pending), out));
  }
  InboundMedia bring(const PendingAttachment& pending) {
    Outcome out;
    start(pending, out);
    REQUIRE(media.live.until([&] { return out.has_value(); }));
    return out->value();
  }
  bool has(const std::string& name) const {
    return std::filesystem::exists(media.folder.at("media/" + name));
  }

  MediaBench media;
  MediaEdge edge{media.live.clock};
  std::optional<InboundAttachments> attachments;
};

}  // namespace

TEST_CASE("a received file is verified, kept, brought to the edge, and its URL is told") {
  Bench bench;
  const auto bytes = some_bytes(10'000);
  const InboundMedia got = bench.bring(bench.arrived(bytes));
  CHECK(got.url == "https://edge/media/3EB0AA");
  CHECK(got.error.empty());
  CHECK(got.media_type == "image");
  CHECK(got.file_size == 10'000);
  CHECK(got.file_name == "3EB0AA.png");
  CHECK(base::to_bytes(bench.edge.content) == bytes);
  CHECK(bench.edge.last.mime_type == "image/png");
  CHECK(bench.has("i-1/3EB0AA.png"));
  CHECK_FALSE(bench.has("i-1/3EB0AA.png.owed"));
}

TEST_CASE("after a restart a file that is there already is not fetched again") {
  Bench bench;
  const auto pending = bench.arrived(some_bytes(100));
  (void)bench.bring(pending);
  const auto downloads = bench.media.store.counters().downloads;
  CHECK(bench.bring(pending).url == "https://edge/media/3EB0AA");
  CHECK(bench.media.store.counters().downloads == downloads);
  CHECK(bench.edge.uploads == 2);
}

TEST_CASE("an edge that is away is tried again, and the file is owed meanwhile; the message need not wait") {
  Bench bench;
  const auto pending = bench.arrived(some_bytes(100));
  bench.edge.refusal = base::Error{ErrorCode::kUnavailable, "away", 503};
  std::optional<base::Result<std::optional<InboundMedia>>> soon;
  bench.media.live.scope.spawn(MediaBench::keep(bench.attachments->bring(pending, 100ms), soon));
  CHECK(bench.media.live.until([&] { return soon.has_value(); }));
  CHECK_FALSE(soon->value().has_value());
  CHECK(bench.edge.uploads >= 2);
  CHECK(bench.has("i-1/3EB0AA.png.owed"));
  Outcome late;
  bench.start(pending, late);
  bench.edge.refusal.reset();
  CHECK(bench.media.live.until([&] { return late.has_value(); }));
  CHECK(late->value().url == "https://edge/media/3EB0AA");
  CHECK_FALSE(bench.has("i-1/3EB0AA.png.owed"));
}

TEST_CASE("what cannot be had goes without its file, and says why") {
  const auto error_of = [](Bench& bench, const PendingAttachment& pending) {
    const InboundMedia got = bench.bring(pending);
    CHECK(got.url.empty());
    CHECK(got.media_type == "image");
    return got.error;
  };
  SUBCASE("for longer than a day") {
    Bench bench(50ms);
    const auto pending = bench.arrived(some_bytes(100));
    bench.edge.refusal = base::Error{ErrorCode::kUnavailable, "away", 503};
    CHECK(error_of(bench, pending) == "media_unavailable");
    CHECK_FALSE(bench.has("i-1/3EB0AA.png.owed"));
  }
  SUBCASE("refused by the edge") {
    Bench bench;
    const auto pending = bench.arrived(some_bytes(100));
    bench.edge.refusal = base::Error{ErrorCode::kRejected, "no", 400};
    CHECK(error_of(bench, pending) == "upload_rejected");
  }
  SUBCASE("damaged") {
    Bench bench;
    const auto pending = bench.arrived(some_bytes(100));
    bench.media.fault({.kind = simulator::MediaFault::Kind::kCorrupt, .count = -1, .bytes = 3});
    CHECK(error_of(bench, pending) == "media_unreadable");
    CHECK_FALSE(bench.has("i-1/3EB0AA.png"));
  }
  SUBCASE("another key") {
    Bench bench;
    auto pending = bench.arrived(some_bytes(100));
    pending.file.media_key.emplace(base::FixedBytes<32>{1});
    CHECK(error_of(bench, pending) == "media_unreadable");
  }
  SUBCASE("gone, in a channel") {
    Bench bench;
    auto pending = bench.arrived(some_bytes(100));
    pending.chat = "120363@newsletter";
    CHECK(bench.media.store.expire("", 404).has_value());
    CHECK(error_of(bench, pending) == "media_expired");
  }
}

TEST_CASE("M1: a file that is gone is asked from the phone, and comes when the phone has put it back") {
  Bench bench;
  const auto bytes = some_bytes(5000);
  const auto pending = bench.arrived(bytes);
  const auto object = bench.media.store.objects().front();
  CHECK(bench.media.store.expire("", 410).has_value());
  Outcome out;
  bench.start(pending, out);
  REQUIRE(bench.media.live.until([&] { return !bench.media.channel.sent_with("receipt").empty(); }));
  CHECK_FALSE(out.has_value());
  const auto again = bench.media.store.publish_again(object.id);
  REQUIRE(again.has_value());
  const auto sealed = whatsapp::media::seal_retry_answer(
      *pending.file.media_key, "3EB0AA", {whatsapp::media::RetryResult::kSuccess, again->direct_path},
      bench.media.random);
  const Node notification = Node("notification")
                                .with("id", "3EB0AA")
                                .add(Node("encrypt")
                                         .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                                         .add(Node("enc_iv").bytes(base::ByteView{sealed.iv})));
  const auto tell = [](whatsapp::MediaRetryDesk& desk, const Node& node) -> runtime::Task<void> {
    whatsapp::store::Changes changes;
    (void)co_await desk.take(node, changes);
  };
  bench.media.live.scope.spawn(tell(bench.media.desk.retries, notification));
  CHECK(bench.media.live.until([&] { return out.has_value(); }));
  CHECK(out->value().url == "https://edge/media/3EB0AA");
  CHECK(base::to_bytes(bench.edge.content) == bytes);
}

TEST_CASE("a pending attachment survives the spool") {
  PendingAttachment pending;
  pending.instance_id = "i";
  pending.message_id = "m";
  pending.chat = "1@g.us";
  pending.participant = "2@lid";
  pending.origin = edge::MessageOrigin::kFromMe;
  pending.received_at = 17;
  pending.file.kind = MediaKind::kPtt;
  pending.file.direct_path = "/v/x";
  pending.file.media_key.emplace(base::FixedBytes<32>{9});
  pending.file.file_enc_sha256 = base::FixedBytes<32>{8};
  pending.file.length = 5;
  pending.file.seconds = 4;
  pending.file.waveform = {1, 2};
  const auto read = decode_attachment(encode_attachment(pending));
  REQUIRE(read.has_value());
  CHECK(encode_attachment(*read) == encode_attachment(pending));
  CHECK(read->file.kind == MediaKind::kPtt);
  CHECK(read->file.media_key == pending.file.media_key);
  CHECK_FALSE(read->file.file_sha256.has_value());
  for (const char* text :
       {"", "{}", "[]", "{\"file\":{}}", "{\"file\":{\"kind\":99}}", "{\"file\":{\"kind\":1}}"})
    CHECK_FALSE(decode_attachment(text).has_value());
}
