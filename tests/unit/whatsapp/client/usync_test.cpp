#include "whatsapp/client/usync.h"

#include <doctest/doctest.h>

#include "whatsapp/client/key_bundles.h"
#include "whatsapp/pairing/key_index_list.h"

using namespace whatsapp;
using binary::Jid;
using binary::Node;
using Registered = UsyncUser::Registered;

namespace {

Node answer_with(Node list) {
  return Node("iq").with("type", "result").add(Node("usync").add(Node("result")).add(std::move(list)));
}

Node device(int id, std::optional<int> key_index = std::nullopt) {
  return Node("device").with("id", id).with("key-index", key_index);
}

}  // namespace

TEST_CASE("a number is found by its echo, rejected numbers and broken users do not spoil the rest") {
  Node list("list");
  list.add_child(
      Node("user").with("jid", "undefined").add(Node("contact").with("type", "invalid").text("+1")));
  list.add_child(Node("user"));
  list.add_child(Node("user")
                     .with("jid", *Jid::parse("5511999999999@s.whatsapp.net"))
                     .add(Node("contact").with("type", "in").text("+551199999999@c.us"))
                     .add(Node("contact").with("type", "in").text("+5511999999999"))
                     .add(Node("lid").with("val", *Jid::parse("7@lid"))));
  const auto users = read_usync(answer_with(std::move(list)));
  REQUIRE(users);
  REQUIRE(users->size() == 3);
  CHECK_FALSE((*users)[0].jid);
  CHECK((*users)[0].registered == Registered::kNo);
  CHECK((*users)[1].registered == Registered::kUnknown);
  CHECK((*users)[2].contacts == std::vector<std::string>{"551199999999", "5511999999999"});
  CHECK((*users)[2].lid->to_string() == "7@lid");
  CHECK((*users)[2].registered == Registered::kYes);
}

TEST_CASE("devices are filtered by the valid indexes; the phone and newer ones stay") {
  pairing::KeyIndexList indexes;
  indexes.current_index = 5;
  indexes.valid_indexes = {0, 2};
  const pairing::SignedKeyIndexList signed_list{indexes.encode(), base::Bytes(64, 1), {}};
  Node devices = Node("devices")
                     .add(Node("device-list")
                              .add(device(0))
                              .add(device(3, 2))
                              .add(device(4, 4))
                              .add(device(5, 6))
                              .add(device(3, 2)))
                     .add(Node("key-index-list").with("ts", "1").bytes(base::ByteView{signed_list.encode()}));
  const auto users = read_usync(
      answer_with(Node("list").add(Node("user").with("jid", *Jid::parse("1@lid")).add(std::move(devices)))));
  REQUIRE(users);
  REQUIRE((*users)[0].devices);
  std::vector<int> ids;
  for (const auto& one : *(*users)[0].devices) ids.push_back(one.id);
  CHECK(ids == std::vector<int>{0, 3, 5});
}

TEST_CASE("an empty or failed device list is no list") {
  for (Node devices : {Node("devices"), Node("devices").add(Node("device-list")),
                       Node("devices").add(Node("error").with("code", "404"))}) {
    const auto users = read_usync(answer_with(
        Node("list").add(Node("user").with("jid", *Jid::parse("1@lid")).add(std::move(devices)))));
    REQUIRE(users);
    CHECK_FALSE((*users)[0].devices);
  }
  CHECK_FALSE(read_usync(Node("iq")));
}

TEST_CASE("a bundle of wrong lengths is no bundle, the others are read") {
  const base::FixedBytes<32> key{1};
  const base::FixedBytes<64> signature{2};
  const auto user = [&](const char* jid, std::size_t id_width) {
    const base::Bytes id(id_width, 1);
    return Node("user")
        .with("jid", *Jid::parse(jid))
        .add(Node("registration").bytes(base::ByteView{base::big_endian<4>(9)}))
        .add(Node("identity").bytes(base::ByteView{key}))
        .add(Node("skey")
                 .add(Node("id").bytes(base::ByteView{id}))
                 .add(Node("value").bytes(base::ByteView{key}))
                 .add(Node("signature").bytes(base::ByteView{signature})));
  };
  Node list = Node("list")
                  .add(user("1@lid", 3))
                  .add(user("2@lid", 4))
                  .add(Node("user").with("jid", *Jid::parse("3@lid")).add(Node("error").with("code", "404")));
  const auto bundles = read_key_bundles(Node("iq").add(std::move(list)));
  REQUIRE(bundles.size() == 3);
  REQUIRE(bundles[0].bundle);
  CHECK(bundles[0].bundle->registration_id == 9);
  CHECK_FALSE(bundles[0].bundle->pre_key);
  CHECK_FALSE(bundles[1].bundle);
  CHECK_FALSE(bundles[2].bundle);
  CHECK(read_key_bundles(Node("iq")).empty());
}
