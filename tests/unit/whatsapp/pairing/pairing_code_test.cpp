#include "whatsapp/pairing/pairing_code.h"

#include <doctest/doctest.h>

#include <set>

#include "unit/whatsapp/pairing/known_pairing.h"
#include "vector_check/replay_random.h"

using namespace whatsapp::pairing;
using base::Bytes;

namespace {

const char* const kCode = "15JMBSWA";
const char* const kWrappedCompanion =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
    "c82d6cf2c05a8d157adf113a7899e0d8540410d81d656fe646931e95a6818c25";
const char* const kWrappedPrimary =
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f"
    "631caa19da140150615b644262c1008573d01d8d5f1a66588a81d49037750b12";
const char* const kWrappedBundle =
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaab"
    "bf760883f6969cfbfbec28a612cb71a68bde611250d5c6dd07aebc432ffb8cf3003973e45ad60b7409f4775fa92309573fa8518a"
    "7e29"
    "0e26768e82efdf6d0db762edb2b2528d72e562b00188ade4fe96c618afa3b8d445eeca47a962a1cf9fd99263cbb1958a6fae35bb"
    "e64e"
    "7677fd3f";

base::FixedBytes<5> bits(std::string_view hex) { return base::to_fixed<5>(known::hex(hex)); }

}  // namespace

TEST_CASE("forty bits are eight characters, the highest bits first") {
  CHECK(encode_code(bits("0000000000")) == "11111111");
  CHECK(encode_code(bits("ffffffffff")) == "ZZZZZZZZ");
  CHECK(encode_code(bits("8421084210")) == "HHHHHHHH");
  CHECK(encode_code(bits("0123456789")) == kCode);
  std::set<std::string> codes;
  for (int bit = 0; bit < 40; ++bit) {
    base::FixedBytes<5> one{};
    one[static_cast<std::size_t>(bit / 8)] = static_cast<std::uint8_t>(1U << (bit % 8));
    const auto code = encode_code(one);
    CHECK(normalise_code(code).value() == code);
    codes.insert(code);
  }
  CHECK(codes.size() == 40);
}

TEST_CASE("a code may be typed with dashes, spaces and in lower case; other characters are refused") {
  CHECK(normalise_code("15jm-bswa").value() == kCode);
  CHECK(normalise_code(" 15JM BSWA ").value() == kCode);
  CHECK(display_code(kCode) == "15JM-BSWA");
  for (const char* typed :
       {"", "15JMBSW", "15JMBSWAA", "15JMBSW0", "I5JMBSWA", "O5JMBSWA", "U5JMBSWA", "15JM_BSWA"})
    CHECK_MESSAGE(!normalise_code(typed), typed);
}

TEST_CASE("the known companion hides its key as known and answers the known phone as known") {
  vector_check::ReplayRandom random;
  random.give(base::Bytes(32, 0x11));
  random.give(known::counting<32>(0x00));
  random.give(known::counting<16>(0x20));
  const CompanionHello hello = make_companion_hello(kCode, random);
  CHECK(base::to_hex(hello.wrapped_ephemeral) == kWrappedCompanion);

  random.give(known::counting<32>(0xC0));
  random.give(known::counting<32>(0x80));
  random.give(known::counting<12>(0xA0));
  const auto finish = answer_primary_hello(kCode, hello.ephemeral, known::companion(),
                                           known::hex(kWrappedPrimary), known::primary().public_key, random);
  REQUIRE(finish.has_value());
  CHECK(base::to_hex(finish->wrapped_key_bundle) == kWrappedBundle);
  CHECK(finish->adv_secret == known::adv_secret());
  CHECK(finish->primary_identity == known::primary().public_key);
}

TEST_CASE("the known phone hides its key as known and opens the known bundle") {
  vector_check::ReplayRandom random;
  random.give(base::Bytes(32, 0x22));
  random.give(known::counting<32>(0x40));
  random.give(known::counting<16>(0x60));
  const auto hello = answer_companion_hello(kCode, known::hex(kWrappedCompanion), random);
  REQUIRE(hello.has_value());
  CHECK(base::to_hex(hello->wrapped_ephemeral) == kWrappedPrimary);
  CHECK(base::to_hex(hello->shared_ephemeral.view()) ==
        "9e004098efc091d4ec2663b4e9f5cfd4d7064571690b4bea97ab146ab9f35056");
  const auto open = [&](const crypto::PublicKey& companion, Bytes bundle) {
    return open_key_bundle(*hello, known::primary(), companion, bundle);
  };
  const auto companion = known::companion().public_key;
  CHECK(open(companion, known::hex(kWrappedBundle)).value() == known::adv_secret());
  CHECK(open(known::noise().public_key, known::hex(kWrappedBundle)).error().code == base::ErrorCode::kCrypto);
  Bytes spoiled = known::hex(kWrappedBundle);
  spoiled[60] ^= 1;
  CHECK(open(companion, spoiled).error().code == base::ErrorCode::kCrypto);
  spoiled.pop_back();
  CHECK(open(companion, spoiled).error().code == base::ErrorCode::kMalformed);
}

TEST_CASE("with a mistyped code the companion notices nothing and the phone does; typed again it works") {
  base::SeededRandom random{1};
  const auto code = generate_code(random);
  const CompanionHello companion = make_companion_hello(code, random);
  const auto link = [&](std::string_view typed) -> bool {
    const auto phone = answer_companion_hello(typed, companion.wrapped_ephemeral, random);
    REQUIRE(phone.has_value());
    const auto finish = answer_primary_hello(code, companion.ephemeral, known::companion(),
                                             phone->wrapped_ephemeral, known::primary().public_key, random);
    REQUIRE(finish.has_value());
    const auto secret =
        open_key_bundle(*phone, known::primary(), known::companion().public_key, finish->wrapped_key_bundle);
    return secret && *secret == finish->adv_secret;
  };
  CHECK(!link("11111111"));
  CHECK(link(code));
}

TEST_CASE("wrong lengths and keys of low order are refused") {
  base::SeededRandom random{1};
  const auto ephemeral = known::pair(0x11);
  const auto answer = [&](const Bytes& wrapped, const Bytes& identity) {
    return answer_primary_hello(kCode, ephemeral, known::companion(), wrapped, identity, random);
  };
  const Bytes wrapped = known::hex(kWrappedPrimary);
  const Bytes identity = base::to_bytes(known::primary().public_key);
  CHECK(answer(wrapped, identity).has_value());
  for (std::size_t size : {0, 48, 79, 81}) {
    Bytes other = wrapped;
    other.resize(size);
    CHECK(answer(other, identity).error().code == base::ErrorCode::kMalformed);
    CHECK(answer_companion_hello(kCode, other, random).error().code == base::ErrorCode::kMalformed);
  }
  CHECK(answer(wrapped, Bytes(31, 1)).error().code == base::ErrorCode::kMalformed);
  CHECK(answer(wrapped, Bytes(32, 0)).error().code == base::ErrorCode::kCrypto);
}
