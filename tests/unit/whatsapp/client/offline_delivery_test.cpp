#include "whatsapp/client/offline_delivery.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/client/fake_channel.h"

using namespace std::chrono_literals;
using whatsapp::OfflineDelivery;
using whatsapp::binary::Node;
using whatsapp::test::FakeChannel;

namespace {

struct Delivery {
  void pass(base::Duration time) {
    clock.advance(time);
    loop.run_until_idle();
  }
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  FakeChannel channel{loop};
  int finished = 0;
  OfflineDelivery offline{loop, [this] { ++finished; }};
};

}  // namespace

TEST_CASE("a preview is answered with one request for the batch") {
  Delivery delivery;
  delivery.offline.begin();
  delivery.offline.on_preview(delivery.channel);
  REQUIRE(delivery.channel.sent.size() == 1);
  const Node& sent = delivery.channel.sent[0];
  CHECK(sent.tag() == "ib");
  CHECK_FALSE(sent.has_attr("id"));
  REQUIRE(sent.child("offline_batch") != nullptr);
  CHECK(sent.child("offline_batch")->attr_is("count", "100"));
}

TEST_CASE("the end marker is told once") {
  Delivery delivery;
  delivery.offline.begin();
  delivery.offline.on_end();
  delivery.offline.on_end();
  delivery.pass(10min);
  CHECK(delivery.finished == 1);
}

TEST_CASE("an end that comes before the account is open is told when it is") {
  Delivery delivery;
  delivery.offline.on_end();
  CHECK(delivery.finished == 0);
  delivery.offline.begin();
  CHECK(delivery.finished == 1);
  delivery.pass(10min);
  CHECK(delivery.finished == 1);
}

TEST_CASE("60 s without an offline stanza are the end as well") {
  Delivery delivery;
  delivery.offline.begin();
  delivery.offline.on_preview(delivery.channel);
  for (int i = 0; i < 10; ++i) {
    delivery.pass(50s);
    delivery.offline.on_stanza(Node("message").with("offline", "1"));
  }
  CHECK(delivery.finished == 0);
  delivery.pass(50s);
  delivery.offline.on_stanza(Node("message"));  // a live one says nothing about the queue
  delivery.pass(10s);
  CHECK(delivery.finished == 1);
}
