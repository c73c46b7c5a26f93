#include "whatsapp/pairing/passkey.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using namespace whatsapp::pairing;
using base::Bytes;
using base::FixedBytes;

namespace {

template <std::size_t N>
FixedBytes<N> filled(std::uint8_t value) {
  FixedBytes<N> out;
  out.fill(value);
  return out;
}
template <std::size_t N>
FixedBytes<N> counting(std::uint8_t first) {
  FixedBytes<N> out;
  for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}

/// Hands out the bytes of the known answer, in the order in which they are drawn.
class Dealt final : public base::Random {
 public:
  explicit Dealt(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(base::MutableByteView out) override {
    REQUIRE(at_ + out.size() <= bytes_.size());
    for (auto& byte : out) byte = bytes_[at_++];
  }

 private:
  Bytes bytes_;
  std::size_t at_ = 0;
};

const crypto::KeyPair kPrimary = crypto::key_pair_of(filled<32>(0x22));

PasskeyPrologue known_prologue() {
  Dealt random(base::concat(filled<32>(0x11), counting<32>(0xe0)));
  return make_prologue(1, "REFREF1234", random);
}
PrimaryEphemeral known_primary() { return {kPrimary.public_key, counting<32>(0x10)}; }

constexpr const char* kRequest =
    "0a7647424a45e3f3c508e631a03a9b34e958ce3f55acbc9ea133339581ab932c9e9f2b3b7b61ef344a035db4dde304c58fe5cc3f"
    "894b0"
    "cc7dd79c319576dffe2dbf39025c27799d08f9676d9e8d9f8111a2dce0b8031ed8b8cdb63fa35e95e0830ce8e6674c6cdba198b9"
    "6f201"
    "10d9c5fe9b7ff6e6c69aeb120c707172737475767778797a7b";

}  // namespace

TEST_CASE("The prologue commits to the companion's identity and nonce") {
  const auto prologue = known_prologue();
  CHECK(base::to_hex(prologue.payload) ==
        "0a300a207b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f1310011a0a52454652454631323334"
        "12220a20"
        "31fc03d7d082ca7cd6c45aa7bc82e92651fcd972de86f6bd2e8f160a69a6b465");
}

TEST_CASE("The handoff key and its proof") {
  const AdvSecret adv{base::to_fixed<32>(
      *base::from_hex("f7b99a4235fd2444fbddc95e575cd58299840e2be164ef481679c229234dcf2d"))};
  const auto key = passkey_handoff_key(adv);
  CHECK(base::to_hex(key.view()) == "0f1b541e6492aa0daf9603b169c0285a1ff3ad6b4e39a37ed47f01f4c9bf901d");
  CHECK(base::to_hex(handoff_proof(key, known_prologue().payload)) ==
        "240c20d0c6b2003eb42967e551be8a89814331407ecbdd6899c50f2e83aeb5b1");
}

TEST_CASE("The agreement gives the check code and the key of the request") {
  const auto agreement = agree_with_primary(known_prologue(), known_primary());
  REQUIRE(agreement);
  CHECK(agreement->check_code == "TCQ2Z3GD");
  CHECK(base::to_hex(agreement->key.view()) ==
        "c713d3efc491cc7652e3b7c0054e7d596f3afd6a368d6e6ce8426c47bbed8337");
}

TEST_CASE("The request carries the companion's keys") {
  const auto agreement = agree_with_primary(known_prologue(), known_primary());
  Dealt random(base::to_bytes(counting<12>(0x70)));
  const auto request = encrypt_pairing_request(
      agreement->key, crypto::key_pair_of(filled<32>(0x55)).public_key,
      crypto::key_pair_of(filled<32>(0x44)).public_key, AdvSecret{counting<32>(0x30)}, random);
  CHECK(base::to_hex(request) == kRequest);
}

TEST_CASE("The phone comes to the same code and opens the request") {
  const auto prologue = known_prologue();
  const auto seen = CompanionPrologue::parse(prologue.payload);
  REQUIRE(seen);
  CHECK(seen->matches(prologue.nonce));
  CHECK_FALSE(seen->matches(counting<32>(0xe1)));
  const auto agreement = agree_with_companion(*seen, prologue.nonce, kPrimary, counting<32>(0x10));
  REQUIRE(agreement);
  CHECK(agreement->check_code == "TCQ2Z3GD");
  const auto keys = open_pairing_request(agreement->key, *base::from_hex(kRequest));
  REQUIRE(keys);
  CHECK(keys->noise == crypto::key_pair_of(filled<32>(0x55)).public_key);
  CHECK(keys->adv_secret == AdvSecret{counting<32>(0x30)});
}

TEST_CASE("Altered, cut or weak: refused") {
  const auto agreement = agree_with_primary(known_prologue(), known_primary());
  Bytes request = *base::from_hex(kRequest);
  request[20] ^= 1;
  CHECK(open_pairing_request(agreement->key, request).error().code == base::ErrorCode::kCrypto);
  CHECK_FALSE(open_pairing_request(agreement->key, Bytes(3, 0xff)));
  CHECK_FALSE(read_primary_ephemeral(Bytes(40, 0)));
  CHECK_FALSE(read_primary_ephemeral({}));
  PrimaryEphemeral weak = known_primary();
  weak.public_key = {};
  CHECK_FALSE(agree_with_primary(known_prologue(), weak));
  const auto whole = write_primary_ephemeral(known_primary());
  const auto read = read_primary_ephemeral(whole);
  REQUIRE(read);
  CHECK(read->public_key == kPrimary.public_key);
}
