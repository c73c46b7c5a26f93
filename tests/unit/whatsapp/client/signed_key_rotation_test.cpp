#include "whatsapp/client/signed_key_rotation.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/account_bench.h"
#include "unit/whatsapp/client/fake_channel.h"

using whatsapp::OwnDevice;
using whatsapp::SignedKeyRotation;
using whatsapp::binary::Node;
using namespace whatsapp::test;

namespace {

struct Rotation : AccountBench {
  Rotation() {
    REQUIRE(run(device.load()));
    channel.respond = [this](const Node& iq) -> std::optional<Node> {
      offered.push_back(*iq.child("rotate")->child("skey"));
      return refuse_with == 0 ? iq_result() : iq_failure(refuse_with);
    };
  }
  void after(std::int64_t seconds) {
    clock.advance(std::chrono::seconds{seconds});
    const auto before = scope.running();
    scope.spawn(whatsapp::rotate_signed_key_if_due(SignedKeyRotation{}, channel, device, store, random,
                                                   clock.unix_seconds(), base::Log{}));
    until([&] { return scope.running() == before; });
  }
  [[nodiscard]] std::uint32_t current() const { return device.credentials().signed_pre_key.id; }

  FakeChannel channel{loop};
  OwnDevice device{store, random, clock};
  std::vector<Node> offered;
  int refuse_with = 0;
};

constexpr std::int64_t kWeek = 7 * 86'400;

}  // namespace

TEST_CASE("A week-old signed pre-key is replaced, and the old one stays for messages on their way") {
  Rotation rotation;
  const auto first = rotation.device.credentials().signed_pre_key;
  rotation.after(kWeek - 1);
  CHECK(rotation.offered.empty());
  rotation.after(1);
  REQUIRE(rotation.offered.size() == 1);
  CHECK(rotation.current() == 2);
  CHECK(rotation.device_store->credentials().value()->signed_pre_key.id == 2);
  const auto kept = rotation.device_store->signed_pre_key(1).value();
  REQUIRE(kept);
  CHECK(kept->keys.public_key == first.keys.public_key);
  CHECK(rotation.device_store->signed_pre_key(2).value());
  rotation.after(86'400);
  CHECK(rotation.offered.size() == 1);
}

TEST_CASE("A key that the server does not take is offered again a day later, the same one") {
  Rotation rotation;
  rotation.refuse_with = 503;
  rotation.after(kWeek);
  CHECK(rotation.current() == 1);
  REQUIRE(rotation.offered.size() == 1);
  rotation.after(3'600);
  CHECK(rotation.offered.size() == 1);
  rotation.refuse_with = 0;
  rotation.after(86'400);
  REQUIRE(rotation.offered.size() == 2);
  CHECK(rotation.offered[0] == rotation.offered[1]);
  CHECK(rotation.current() == 2);
}
