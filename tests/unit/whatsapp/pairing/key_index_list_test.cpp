#include "whatsapp/pairing/key_index_list.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/pairing/known_pairing.h"

using namespace whatsapp::pairing;
using base::Bytes;

namespace {

const char* const kKnownList = "08c0c4071080e2cfaa06180722020007";

KeyIndexList known_list() { return {123456, 1'700'000'000, 7, {0, 7}, Encryption::kEndToEnd}; }

}  // namespace

TEST_CASE("the known list is written and read, packed or not") {
  CHECK(base::to_hex(known_list().encode()) == kKnownList);
  for (const char* hex : {kKnownList, "08c0c4071080e2cfaa06180720002007"}) {
    const auto list = KeyIndexList::parse(known::hex(hex));
    REQUIRE(list.has_value());
    CHECK(list->current_index == 7);
    CHECK(list->valid_indexes == std::vector<std::uint32_t>{0, 7});
  }
}

TEST_CASE("the known signature holds for the known list only") {
  SignedKeyIndexList list;
  list.details = known::hex(kKnownList);
  list.account_signature = known::hex(
      "a55c0bf378007506381f09367e6e04def538d64881dc5c22cc2dab8b7797dd7fadcebcd12e808b5c4a6894a6e8c11b77b02fcf"
      "4b42d2"
      "30a427f8f3017c231189");
  CHECK(verify_key_index_list(list, known::primary().public_key));
  CHECK(!verify_key_index_list(list, known::companion().public_key));
  list.details.back() ^= 1;
  CHECK(!verify_key_index_list(list, known::primary().public_key));
}

TEST_CASE("a list that the phone signs is carried and believed") {
  base::SeededRandom random{1};
  const auto made = sign_key_index_list(known::primary(), known_list(), random);
  const auto read = SignedKeyIndexList::parse(made.encode());
  REQUIRE(read.has_value());
  CHECK(!read->account_signature_key);
  CHECK(verify_key_index_list(*read, known::primary().public_key));
  CHECK(!SignedKeyIndexList::parse(known::hex("0aff")));
  CHECK(!SignedKeyIndexList::parse(known::hex("1a0101")));
  CHECK(!KeyIndexList::parse(known::hex("2205")));
}

TEST_CASE("the phone is always allowed, a companion by a valid index or one newer than the list") {
  const KeyIndexList list = known_list();
  CHECK(list.allows(0, 3));
  CHECK(list.allows(12, 7));
  CHECK(list.allows(12, 0));
  CHECK(list.allows(12, 8));
  CHECK(!list.allows(12, 3));
}
