// What other implementations computed, and the worked example of the specification.
#include <doctest/doctest.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "vector_check/unit.h"
#include "whatsapp/app_state/macs.h"
#include "whatsapp/app_state/record.h"

using namespace whatsapp::app_state;

namespace {

base::Bytes hex(std::string_view text) { return *base::from_hex(text); }

SyncKey example_key() {
  base::FixedBytes<32> data;
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i);
  return {{0, 0, 0, 1, 0, 2}, base::Secret<32>{data}, 0};
}

Iv example_iv() {
  Iv iv;
  for (std::size_t i = 0; i < iv.size(); ++i) iv[i] = static_cast<std::uint8_t>(i);
  return iv;
}

Record example_record() {
  const Mutation pin{Operation::kSet, {"pin_v1", "123@s.whatsapp.net"}, 5, hex("0880d095ffbc312a020801")};
  return seal(pin, expand(example_key().data), example_key().id, example_iv());
}

constexpr const char* kValueMac = "abb33635755748d6a8577d74464b7a47abaa8796e23a72e6f8ab6242e46998ff";

}  // namespace

TEST_CASE("patches, snapshots, keys and hashes of other implementations come out the same") {
  vector_check::check_vectors("appstate.json", vector_check::run_appstate);
}

TEST_CASE("the worked example seals to the known bytes") {
  const Record record = example_record();
  CHECK(
      base::to_hex(record.blob) ==
      "000102030405060708090a0b0c0d0e0f"
      "de9f8d5469e5088aa2d22836895844066508bb7f2a798ce7d3d44c39f6d73b45d9ea41954a98ff164d0c8770c169231d6dfa79"
      "0b4e7ce9d56baf4ead06927a81" +
          std::string{kValueMac});
  CHECK(base::to_hex(record.index_mac) == "a48aac83ab1b12499e0163f29a9718bbd3e6af47c61be02121b0870effe97396");
}

TEST_CASE("the value MAC says whether the entry is set or removed") {
  const Record record = example_record();
  const auto sealed = base::ByteView{record.blob}.first(record.blob.size() - 32);
  const auto removed = value_mac(expand(example_key().data), Operation::kRemove, record.key_id, sealed);
  CHECK(base::to_hex(removed) == "37a953adb5052630651e871ac7fddd0222535a613bd8d18ebcc94ed1f5888c0e");
}

TEST_CASE("the worked example's hash and MACs") {
  const MutationKeys keys = expand(example_key().data);
  const ValueMac value = value_mac_of(example_record());
  LtHash hash;
  hash.add(value);
  const auto snapshot = snapshot_mac(keys, Collection::kRegularLow, 1, hash);
  CHECK(base::to_hex(snapshot) == "208cbfc1b6df650a8b0593a1a7216a102c750735cbd2dd334af7a52d37096308");
  CHECK(base::to_hex(patch_mac(keys, Collection::kRegularLow, 1, snapshot, {&value, 1})) ==
        "72c2fb2bc5eeee25d6daee83df7444af29ef39667cd50fbc419e94f78024f5bc");

  ValueMac other;
  other.fill(0xaa);
  hash.add(other);
  CHECK(base::to_hex(crypto::sha256(hash.bytes())) ==
        "502536400006b7b69b32ee0212c307167d954a766fe68bb43ca53e73a6033d23");
  LtHash below_zero;
  below_zero.subtract(other);
  CHECK(base::to_hex(base::ByteView{below_zero.bytes()}.first(16)) == "a3c3e596e9c6aaa1ddb8eff601b9d996");
}
