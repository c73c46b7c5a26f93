#include "whatsapp/client/pre_key_keeper.h"

#include <doctest/doctest.h>

#include <set>

#include "unit/whatsapp/client/account_bench.h"
#include "unit/whatsapp/client/fake_channel.h"
#include "whatsapp/signal/keys.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::OwnDevice;
using whatsapp::PreKeyKeeper;
using whatsapp::binary::Node;
using whatsapp::test::AccountBench;
using whatsapp::test::FakeChannel;
using whatsapp::test::iq_failure;
using whatsapp::test::iq_result;

namespace {

/// The server's side of the keys.
struct KeyServer {
  std::optional<Node> operator()(const Node& iq) {
    if (silent) return std::nullopt;
    if (iq.child("count") != nullptr)
      return iq_result().add(Node("count").with("value", static_cast<int>(ids.size())));
    if (iq.child("digest") != nullptr) return digest();
    if (const auto* list = iq.child("list")) {
      ++uploads;
      if (refuse != 0) return iq_failure(refuse);
      last_upload.clear();
      for (const auto& key : list->children())
        last_upload.push_back(static_cast<std::uint32_t>(base::read_big_endian(*key.child_bytes("id"))));
      ids.insert(last_upload.begin(), last_upload.end());
      if (lose_answer) return std::nullopt;
    }
    return iq_result();
  }
  [[nodiscard]] std::optional<Node> digest() const {
    if (digest_error != 0) return iq_failure(digest_error);
    Node list("list");
    for (const auto id : digest_ids) list.add_child(Node("id").bytes(base::big_endian<3>(id)));
    return iq_result().add(Node("digest").add(std::move(list)).add(Node("hash").bytes(digest_hash)));
  }

  std::set<std::uint32_t> ids;
  std::vector<std::uint32_t> last_upload;
  int uploads = 0;
  int refuse = 0;
  bool lose_answer = false;
  bool silent = false;
  int digest_error = 0;
  std::vector<std::uint32_t> digest_ids;
  base::FixedBytes<20> digest_hash{};
};

struct Keys : AccountBench {
  Keys() {
    REQUIRE(run(device.load()));
    channel.respond = [this](const Node& iq) { return server(iq); };
    keeper.attach(channel, scope);
  }
  ~Keys() {
    keeper.detach();
    scope.cancel();
    until([this] { return scope.running() == 0; });
  }

  std::size_t confirmed() {
    return *run(store.read([](whatsapp::store::DeviceStore& s) { return s.confirmed_pre_key_count(); }));
  }

  KeyServer server;
  FakeChannel channel{loop};
  OwnDevice device{store, random, clock};
  PreKeyKeeper keeper{loop, store, device, random, base::Log{}};
};

}  // namespace

TEST_CASE("a server without keys gets 812, all of them ours and stored before") {
  Keys keys;
  CHECK(keys.run(keys.keeper.top_up()));
  CHECK(keys.server.ids.size() == 812);
  CHECK(*keys.server.ids.begin() == 1);
  CHECK(keys.confirmed() == 812);
  CHECK(keys.device.credentials().next_pre_key_id == 813);

  const auto upload = keys.channel.sent_with("list").at(0);
  CHECK(upload.child_bytes("type")->size() == 1);
  CHECK(upload.child_bytes("registration")->size() == 4);
  CHECK(upload.child("skey")->child_bytes("signature")->size() == 64);
  const auto id = static_cast<std::uint32_t>(
      base::read_big_endian(*upload.child("list")->children()[400].child_bytes("id")));
  const auto stored = keys.device_store->pre_key(id);
  REQUIRE((stored && *stored));
  CHECK(base::as_text((*stored)->key.keys.public_key) ==
        base::as_text(*upload.child("list")->children()[400].child_bytes("value")));
}

TEST_CASE("a server that has enough is left alone") {
  Keys keys;
  REQUIRE(keys.run(keys.keeper.top_up()));
  CHECK(keys.run(keys.keeper.top_up()));
  CHECK(keys.server.uploads == 1);
}

TEST_CASE("a server that runs low gets 200 more, once, however often it says so") {
  Keys keys;
  REQUIRE(keys.run(keys.keeper.top_up()));
  keys.server.ids.clear();
  keys.server.ids.insert({1, 2, 3, 4});
  keys.pass(11min, 1min);
  keys.keeper.refill_if_low(4);
  keys.keeper.refill_if_low(4);
  keys.until([&] { return keys.server.uploads == 2; });
  keys.settle();
  keys.keeper.refill_if_low(4);
  keys.settle();
  CHECK(keys.server.uploads == 2);
  CHECK(keys.server.last_upload.size() == 200);
  CHECK(keys.server.last_upload.front() == 813);
}

TEST_CASE("five keys are enough") {
  Keys keys;
  keys.keeper.refill_if_low(5);
  keys.settle();
  CHECK(keys.channel.sent.empty());
}

TEST_CASE("an upload whose answer was lost is repeated with the same ids") {
  Keys keys;
  keys.server.lose_answer = true;
  std::optional<base::Result<void>> done;
  keys.scope.spawn(AccountBench::keep(keys.keeper.top_up(), done));
  keys.until([&] { return keys.server.uploads == 1; });
  const auto first = keys.server.last_upload;
  CHECK(keys.confirmed() == 0);
  keys.server.lose_answer = false;
  keys.server.ids.clear();
  keys.clock.advance(15s);  // the answer's deadline
  keys.until([&] { return done.has_value(); });
  CHECK(*done);  // the login goes on; the upload is repeated in the background
  keys.clock.advance(1s);
  keys.until([&] { return keys.server.uploads == 2; });
  keys.settle();
  CHECK(keys.server.last_upload == first);
  CHECK(keys.confirmed() == 812);
  CHECK(keys.device.credentials().next_pre_key_id == 813);
}

TEST_CASE("a refused upload is tried again at growing distances") {
  Keys keys;
  keys.server.refuse = 503;
  CHECK(keys.run(keys.keeper.top_up()));
  std::vector<int> seconds;
  int last = keys.server.uploads;
  for (int second = 1; second <= 40; ++second) {
    keys.pass(1s);
    if (keys.server.uploads > last) seconds.push_back(second);
    last = keys.server.uploads;
  }
  CHECK(seconds == std::vector<int>{1, 2, 4, 7, 12, 20, 33});
}

TEST_CASE("a full disk stops the upload before a key leaves") {
  Keys keys;
  keys.device_store->broken = true;
  const auto done = keys.run(keys.keeper.top_up());
  REQUIRE_FALSE(done);
  CHECK(done.error().code == ErrorCode::kIo);
  CHECK(keys.server.uploads == 0);
}

TEST_CASE("a key handed out directly is never uploaded and never numbered twice") {
  Keys keys;
  const auto first = keys.run(keys.keeper.hand_out_one());
  REQUIRE(first);
  REQUIRE(keys.run(keys.keeper.top_up()));
  const auto second = keys.run(keys.keeper.hand_out_one());
  REQUIRE(second);
  CHECK_FALSE(keys.server.ids.contains(first->id));
  CHECK_FALSE(keys.server.ids.contains(second->id));
  CHECK(second->id > *keys.server.ids.rbegin());
  CHECK((*keys.device_store->pre_key(first->id)).has_value());
}

TEST_CASE("the counter wraps from 0xFFFFFF to 1 and steps over ids that are still there") {
  Keys keys;
  whatsapp::store::Changes changes;
  whatsapp::store::PreKeyRow old;
  old.key.id = 2;
  old.upload = whatsapp::store::PreKeyRow::Upload::kConfirmed;
  changes.pre_keys.push_back(old);
  keys.device.change(changes, [](auto& record) { record.next_pre_key_id = 0xFFFFFF; });
  REQUIRE(keys.run(keys.store.commit(changes)));

  std::vector<std::uint32_t> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(keys.run(keys.keeper.hand_out_one())->id);
  CHECK(ids == std::vector<std::uint32_t>{0xFFFFFF, 1, 3});
}

TEST_CASE("a digest that is right costs nothing more") {
  Keys keys;
  REQUIRE(keys.run(keys.keeper.top_up()));
  keys.server.digest_ids = {1, 2, 3};
  std::vector<crypto::PublicKey> own;
  for (const auto id : keys.server.digest_ids)
    own.push_back((*keys.device_store->pre_key(id))->key.keys.public_key);
  const auto& credentials = keys.device.credentials();
  keys.server.digest_hash =
      whatsapp::signal::key_bundle_digest(credentials.identity.public_key, credentials.signed_pre_key, own);
  keys.server.ids.clear();
  keys.keeper.check_digest();
  keys.settle();
  CHECK(keys.server.uploads == 1);
}

TEST_CASE("a wrong digest leads to an upload only when the count is low, too, and once a day") {
  Keys keys;
  REQUIRE(keys.run(keys.keeper.top_up()));
  keys.server.digest_error = 404;
  keys.keeper.check_digest();
  keys.settle();
  CHECK(keys.server.uploads == 1);  // it has 812, whatever the digest says

  keys.server.ids.clear();
  keys.keeper.check_digest();
  keys.until([&] { return keys.server.uploads == 2; });
  keys.settle();
  keys.server.ids.clear();
  keys.keeper.check_digest();
  keys.settle();
  CHECK(keys.server.uploads == 2);
  keys.pass(25h, 1h);
  keys.keeper.check_digest();
  keys.until([&] { return keys.server.uploads == 3; });
}

TEST_CASE("an unreadable digest changes nothing") {
  Keys keys;
  keys.server.digest_error = 503;
  keys.keeper.check_digest();
  keys.settle();
  CHECK(keys.server.uploads == 0);
  CHECK(keys.channel.sent_with("count").empty());
}

TEST_CASE("the daily check is made once a day") {
  Keys keys;
  const auto check = [&] {
    keys.scope.spawn(keys.keeper.check_digest_daily());
    keys.settle();
    return keys.channel.sent_with("digest").size();
  };
  CHECK(check() == 1);
  CHECK(check() == 1);
  keys.pass(25h, 1h);
  CHECK(check() == 2);
}

TEST_CASE("work that outlives the connection ends as closed") {
  Keys keys;
  keys.server.silent = true;
  std::optional<base::Result<void>> done;
  keys.scope.spawn(AccountBench::keep(keys.keeper.top_up(), done));
  keys.until([&] { return !keys.channel.sent.empty(); });
  keys.channel.close();
  keys.keeper.detach();
  keys.until([&] { return done.has_value(); });
  CHECK(done->error().code == ErrorCode::kClosed);
}
