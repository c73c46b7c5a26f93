#include "whatsapp/app_state/record.h"

#include "crypto/aes.h"
#include "unit/whatsapp/app_state/app_state_bench.h"

using namespace app_state_bench;

namespace {

const Mutation kSet{Operation::kSet, {"mute", "1@lid"}, 2, {1, 2, 3, 4, 5}};

KeyRing ring_with(const KeyId& id) {
  KeyRing ring;
  ring.add({id, key(1).data, 0});
  return ring;
}

}  // namespace

TEST_CASE("what is sealed opens again, with ids of any length, and says what it did") {
  base::SeededRandom random{4};
  for (std::size_t length = 1; length <= kMaxKeyIdSize; ++length) {
    const KeyId id = random.bytes(length);
    const KeyRing ring = ring_with(id);
    for (const Operation operation : {Operation::kSet, Operation::kRemove}) {
      Mutation mutation = kSet;
      mutation.operation = operation;
      if (operation == Operation::kRemove) mutation.value.clear();
      const Record record = seal(mutation, *ring.find(id), id, random.bytes<16>());
      const auto opened = open(record, operation, ring);
      REQUIRE(opened.has_value());
      CHECK(opened->value() == mutation);
      const auto other = operation == Operation::kSet ? Operation::kRemove : Operation::kSet;
      CHECK(open(record, other, ring).error().reason == RejectReason::kValueMac);
    }
  }
}

TEST_CASE("a flipped bit anywhere in a record is noticed") {
  const KeyRing ring = ring_of({1, 2});
  const Record good = seal(kSet, *ring.find(key(1).id), key(1).id, Iv{});
  for (std::size_t bit = 0; bit < good.blob.size() * 8; ++bit) {
    Record bad = good;
    bad.blob[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(open(bad, Operation::kSet, ring).error().reason == RejectReason::kValueMac);
  }
  Record moved = good;
  moved.index_mac[5] ^= 1;
  CHECK(open(moved, Operation::kSet, ring).error().reason == RejectReason::kIndexMac);
  Record by_other_key = good;
  by_other_key.key_id = key(2).id;
  CHECK(open(by_other_key, Operation::kSet, ring).error().reason == RejectReason::kValueMac);
  Record by_unknown_key = good;
  by_unknown_key.key_id = key(3).id;
  const auto blocked = open(by_unknown_key, Operation::kSet, ring);
  CHECK(blocked.error().reason == RejectReason::kUnknownKey);
  CHECK(blocked.error().missing_keys == std::vector<KeyId>{key(3).id});
}

TEST_CASE("records that lack a part are refused") {
  whatsapp::proto::SyncdRecord wire;
  write_record(seal(kSet, expand(key(1).data), key(1).id, Iv{}), wire);
  REQUIRE(read_record(wire).has_value());
  const auto refused = [&](auto change) {
    auto changed = wire;
    change(changed);
    return !read_record(changed).has_value();
  };
  CHECK(refused([](auto& w) { w.clear_index(); }));
  CHECK(refused([](auto& w) { w.mutable_index()->mutable_blob()->pop_back(); }));
  CHECK(refused([](auto& w) { w.clear_value(); }));
  CHECK(refused([](auto& w) { w.mutable_value()->mutable_blob()->pop_back(); }));
  CHECK(refused([](auto& w) { w.mutable_value()->mutable_blob()->resize(48); }));
  CHECK(refused([](auto& w) { w.clear_key_id(); }));
  CHECK(refused([](auto& w) { w.mutable_key_id()->set_id(std::string(33, 'x')); }));
}

TEST_CASE("an index that cannot be understood makes a record without effect, not a wrong one") {
  // Sealed by hand: an index that our own writer would not make.
  const MutationKeys keys = expand(key(1).data);
  whatsapp::proto::SyncActionData data;
  const auto sealed_with = [&](const std::string& index) {
    data.set_index(index);
    Record record = seal(kSet, keys, key(1).id, Iv{});
    record.index_mac = index_mac(keys, base::as_bytes(index));
    const auto plain = base::to_bytes(data.SerializeAsString());
    record.blob = base::concat(Iv{}, crypto::aes256_cbc_encrypt(keys.value_encryption.bytes(), Iv{}, plain));
    base::append(record.blob, value_mac(keys, Operation::kSet, key(1).id, record.blob));
    return record;
  };
  const KeyRing ring = ring_of({1});
  data.set_version(1);
  CHECK(open(sealed_with(R"(["a"])"), Operation::kSet, ring)->has_value());
  CHECK_FALSE(open(sealed_with("not json"), Operation::kSet, ring)->has_value());
  CHECK_FALSE(open(sealed_with(R"([["a"]])"), Operation::kSet, ring)->has_value());
  data.clear_version();
  CHECK(open(sealed_with(R"(["a"])"), Operation::kSet, ring).error().reason == RejectReason::kMalformed);
}

TEST_CASE("a value that comes in two pieces is the two merged") {
  const MutationKeys keys = expand(key(1).data);
  whatsapp::proto::SyncActionData data;
  data.set_index(R"(["a"])");
  data.set_version(1);
  data.add_value("\x08\x01");
  data.add_value("\x08\x02");
  Record record{index_mac(keys, base::as_bytes(data.index())), {}, key(1).id};
  record.blob = base::concat(Iv{}, crypto::aes256_cbc_encrypt(keys.value_encryption.bytes(), Iv{},
                                                              base::to_bytes(data.SerializeAsString())));
  base::append(record.blob, value_mac(keys, Operation::kSet, key(1).id, record.blob));
  const auto opened = open(record, Operation::kSet, ring_of({1}));
  REQUIRE(opened.has_value());
  CHECK(opened->value().value == base::Bytes{8, 1, 8, 2});
}
