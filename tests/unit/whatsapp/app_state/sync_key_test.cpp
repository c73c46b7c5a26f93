#include "whatsapp/app_state/sync_key.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using namespace whatsapp::app_state;

namespace {

SyncKey key(KeyId id, std::uint8_t fill, std::int64_t timestamp_ms) {
  base::FixedBytes<32> data;
  data.fill(fill);
  return {std::move(id), base::Secret<32>{data}, timestamp_ms};
}

base::Bytes hex(std::string_view text) { return *base::from_hex(text); }

/// AppStateSyncKeyData with 32 bytes of 0x11 and timestamp 5.
base::Bytes key_data() { return base::concat(hex("0a20"), base::Bytes(32, 0x11), hex("1805")); }

}  // namespace

TEST_CASE("a known key is replaced only by a later one") {
  KeyRing ring;
  CHECK(ring.add(key({1}, 1, 10)));
  const auto first = ring.find(base::Bytes{1})->index;
  CHECK_FALSE(ring.add(key({1}, 2, 10)));
  CHECK(ring.find(base::Bytes{1})->index == first);
  CHECK(ring.add(key({1}, 2, 11)));
  CHECK_FALSE(ring.find(base::Bytes{1})->index == first);
  CHECK(ring.find(base::Bytes{2}) == nullptr);
}

TEST_CASE("one writes with the highest epoch, of equal ones with that of the lowest device") {
  KeyRing ring;
  CHECK(ring.active() == nullptr);
  ring.add(key({9, 9, 9}, 1, 9000));
  CHECK(*ring.active() == KeyId{9, 9, 9});
  ring.add(key({0, 0, 0, 0, 0, 1}, 1, 10));
  ring.add(key({0, 5, 0, 0, 1, 0}, 1, 20));
  ring.add(key({0, 2, 0, 0, 1, 0}, 1, 5));
  CHECK(*ring.active() == KeyId{0, 2, 0, 0, 1, 0});
}

TEST_CASE("among ids without epoch the latest key counts") {
  KeyRing ring;
  ring.add(key({1}, 1, 20));
  ring.add(key({2}, 1, 30));
  ring.add(key({3}, 1, 10));
  CHECK(*ring.active() == KeyId{2});
}

TEST_CASE("expired epochs are not written with, but still read") {
  KeyRing ring;
  ring.add(key({0, 0, 0, 0, 0, 4}, 1, 1));
  ring.add(key({0, 0, 0, 0, 0, 5}, 1, 1));
  CHECK(*ring.active(4) == KeyId{0, 0, 0, 0, 0, 5});
  CHECK(ring.active(5) == nullptr);
  CHECK(ring.find(base::Bytes{0, 0, 0, 0, 0, 4}) != nullptr);
}

TEST_CASE("a shared key is read; without data its sender does not have it") {
  const auto read = read_sync_key(base::Bytes{1, 2}, key_data());
  REQUIRE(read.has_value());
  REQUIRE(read->has_value());
  CHECK((*read)->id == KeyId{1, 2});
  CHECK((*read)->data.bytes()[31] == 0x11);
  CHECK((*read)->timestamp_ms == 5);
  CHECK_FALSE(read_sync_key(base::Bytes{1}, hex("1805"))->has_value());
}

TEST_CASE("keys and ids of impossible lengths are refused") {
  CHECK_FALSE(read_sync_key({}, key_data()).has_value());
  CHECK_FALSE(read_sync_key(base::Bytes(33), key_data()).has_value());
  CHECK(read_sync_key(base::Bytes(32), key_data()).has_value());
  CHECK_FALSE(read_sync_key(base::Bytes{1}, base::concat(hex("0a1f"), base::Bytes(31))).has_value());
  CHECK_FALSE(read_sync_key(base::Bytes{1}, hex("0a20")).has_value());
}

TEST_CASE("a request names the missing keys") {
  const std::vector<KeyId> missing{{1, 2}, {3}};
  CHECK(base::to_hex(build_key_request(missing)) == "0a040a0201020a030a0103");
}
