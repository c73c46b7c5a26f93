#include "whatsapp/client/media/media_retry_desk.h"

#include <doctest/doctest.h>

#include <optional>

#include "base/random.h"
#include "runtime/task_scope.h"
#include "unit/whatsapp/client/fake_channel.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using base::Result;
using runtime::Task;
using whatsapp::MediaRetryDesk;
using whatsapp::MediaRetryRequest;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;
using whatsapp::media::MediaKey;
using whatsapp::media::RetryAnswer;
using whatsapp::media::RetryResult;

namespace {

const MediaKey kKey{base::FixedBytes<32>{7}};
const std::string kPath = "/v/t62.7118-24/new.enc?ccb=11-4&oh=a&oe=b";
using Path = std::optional<Result<std::string>>;

struct Bench {
  Bench() {
    credentials.paired.emplace();
    whatsapp::Self self{Jid::parse("111:4@s.whatsapp.net").value(), Jid::parse("222:4@lid").value(), "me"};
    connection.attach(whatsapp::LiveConnection{channel, credentials, self, [](base::Error) {}});
  }
  ~Bench() {
    scope.cancel();
    channel.close();
    runtime::TaskScope closing(loop);
    closing.spawn(connection.detach());
    loop.run_until_idle();
  }
  static Task<void> keep(Task<Result<std::string>> task, Path& out) { out.emplace(co_await std::move(task)); }
  static MediaRetryRequest request(const char* id = "3EB0AABB") {
    return {.message_id = id,
            .chat = Jid::parse("123-456@g.us").value(),
            .participant = Jid::parse("999:3@s.whatsapp.net").value(),
            .media_key = kKey};
  }
  void ask(Path& out, const char* id = "3EB0AABB") {
    scope.spawn(keep(desk.direct_path(request(id)), out));
    loop.run_until_idle();
  }
  static Task<void> give(MediaRetryDesk& desk, Node notification) {
    whatsapp::store::Changes changes;
    CHECK((co_await desk.take(notification, changes)).has_value());
    CHECK(changes.empty());
  }
  void notify(Node notification) {
    scope.spawn(give(desk, std::move(notification)));
    loop.run_until_idle();
  }
  Node answer(const RetryAnswer& content, const char* id = "3EB0AABB", const MediaKey& key = kKey) {
    const auto sealed = whatsapp::media::seal_retry_answer(key, id, content, random);
    return Node("notification")
        .with("id", id)
        .with("type", "mediaretry")
        .add(Node("encrypt")
                 .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                 .add(Node("enc_iv").bytes(base::ByteView{sealed.iv})));
  }
  std::size_t asked() const { return channel.sent_with("receipt").size(); }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  base::SeededRandom random{1};
  whatsapp::test::FakeChannel channel{loop};
  whatsapp::store::DeviceCredentials credentials;
  whatsapp::CurrentConnection connection{loop, base::Log{}, 5s};
  MediaRetryDesk desk{loop, connection, random, base::Log{}};
  runtime::TaskScope scope{loop};
};

}  // namespace

TEST_CASE("M1: the phone is asked with a sealed receipt, and says where the file is now") {
  Bench bench;
  Path path;
  bench.ask(path);
  REQUIRE(bench.asked() == 1);
  const Node receipt = bench.channel.sent_with("receipt")[0];
  CHECK(receipt.attr("type") == "server-error");
  CHECK(receipt.attr("to") == "222@lid");
  CHECK(receipt.attr("id") == "3EB0AABB");
  const Node* about = receipt.child("rmr");
  REQUIRE(about != nullptr);
  CHECK(about->attr("jid") == "123-456@g.us");
  CHECK(about->attr("participant") == "999@s.whatsapp.net");
  CHECK(about->attr("from_me") == "false");
  const Node* sealed = receipt.child("encrypt");
  REQUIRE(sealed != nullptr);
  CHECK(whatsapp::media::open_retry_request(kKey, "3EB0AABB", *sealed->child_bytes("enc_iv"),
                                            *sealed->child_bytes("enc_p"))
            .has_value());
  bench.notify(bench.answer({RetryResult::kSuccess, kPath}));
  REQUIRE(path.has_value());
  CHECK(path->value() == kPath);
}

TEST_CASE("the phone's refusals are told apart; a place that comes with one is tried") {
  Bench bench;
  const auto ends = [&](Node notification) {
    Path path;
    bench.ask(path);
    bench.notify(std::move(notification));
    return path ? *path : base::fail(ErrorCode::kClosed, "nothing");
  };
  CHECK(ends(bench.answer({RetryResult::kNotFound, ""})).error().code == ErrorCode::kNotFound);
  CHECK(ends(bench.answer({RetryResult::kDecryptionError, ""})).error().code == ErrorCode::kNotFound);
  CHECK(ends(bench.answer({RetryResult::kGeneralError, ""})).error().code == ErrorCode::kUnavailable);
  CHECK(ends(bench.answer({RetryResult::kGeneralError, kPath})).value() == kPath);
  CHECK(ends(bench.answer({RetryResult::kSuccess, "//evil.example/x"})).error().code ==
        ErrorCode::kUnavailable);
  const Node refused = Node("notification").with("id", "3EB0AABB").add(Node("error").with("code", "2"));
  CHECK(ends(refused).error().code == ErrorCode::kNotFound);
}

TEST_CASE("answers for others, forged ones and nonsense change nothing") {
  Bench bench;
  Path path;
  bench.ask(path);
  bench.notify(bench.answer({RetryResult::kSuccess, kPath}, "ANOTHER"));
  bench.notify(bench.answer({RetryResult::kSuccess, kPath}, "3EB0AABB", MediaKey{base::FixedBytes<32>{8}}));
  bench.notify(Node("notification").with("id", "3EB0AABB"));
  bench.notify(Node("notification"));
  CHECK_FALSE(path.has_value());
  bench.notify(bench.answer({RetryResult::kSuccess, kPath}));
  CHECK(path.has_value());
}

TEST_CASE("two who ask for one file ask once; a late answer is there for the next who asks") {
  Bench bench;
  Path one;
  Path two;
  bench.ask(one);
  bench.ask(two);
  CHECK(bench.asked() == 1);
  bench.clock.advance(61s);
  bench.loop.run_until_idle();
  CHECK((*one).error().code == ErrorCode::kTimeout);
  CHECK((*two).error().code == ErrorCode::kTimeout);
  bench.notify(bench.answer({RetryResult::kSuccess, kPath}));
  Path three;
  bench.ask(three);
  CHECK(three.value() == kPath);
  CHECK(bench.asked() == 1);
  Path four;  // long after: a new question
  bench.ask(four);
  CHECK(bench.asked() == 2);
}

TEST_CASE("no more than 64 files are asked for at a time") {
  Bench bench;
  std::vector<Path> paths(65);
  for (std::size_t i = 0; i < paths.size(); ++i) bench.ask(paths[i], std::to_string(i).c_str());
  CHECK((*paths[64]).error().code == ErrorCode::kLimit);
  bench.clock.advance(61s);
  bench.loop.run_until_idle();
  Path after;
  bench.ask(after, "after");  // in the place of one that nobody waits for
  CHECK(bench.asked() == 65);
}

TEST_CASE("without a connection nobody is asked") {
  Bench bench;
  runtime::TaskScope closing(bench.loop);
  closing.spawn(bench.connection.detach());
  bench.loop.run_until_idle();
  Path path;
  bench.ask(path);
  CHECK((*path).error().code == ErrorCode::kClosed);
}
