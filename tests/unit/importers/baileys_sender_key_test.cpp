#include "importers/baileys_sender_key.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "whatsapp/signal/group_cipher.h"

using namespace importers;
using namespace whatsapp::signal;

namespace {

constexpr const char* kPresentLayout =
    R"({"type":"Buffer","data":"W3sic2VuZGVyS2V5SWQiOjUyMzc2NDM5LCJzZW5kZXJDaGFpbktleSI6eyJpdGVyYXRpb24iOjEsInNlZWQiOnsidHlwZSI6IkJ1ZmZlciIsImRhdGEiOlsxOTIsMTk1LDkxLDEwOCwyMDMsMjQyLDU4LDEyOCw0NSwyMzEsMTU1LDcxLDI1MCw3NSwxOTgsMSwxNzEsNjMsMTY0LDE4MCwxMTMsNDEsMjAsMjE0LDY1LDIxNiwyMywxMjAsMTUxLDIxLDE3MywyMzldfX0sInNlbmRlclNpZ25pbmdLZXkiOnsicHVibGljIjp7InR5cGUiOiJCdWZmZXIiLCJkYXRhIjpbNSwxMDcsMTY4LDIsMjM1LDE5OSw3MSwxMjcsMTY2LDI0OCw5OSwyMjQsMTQ3LDIwMCwyNiwyNCw5MCw4OCwzMCw0NSwyMjUsMjAxLDIxLDEyMiwxMDgsMjQzLDEzNSwxNDQsMTAwLDEwMiwyMTcsMTk0LDEyMV19LCJwcml2YXRlIjp7InR5cGUiOiJCdWZmZXIiLCJkYXRhIjpbXX19LCJzZW5kZXJNZXNzYWdlS2V5cyI6W119XQ=="})";
constexpr const char* kMessageTwo =
    "3308f7e6fc1810021a107b1a4f296d81e0c93a2c78e78182f873e114ccf10bfa61463a4cc6cd1f0f9c9b43c69aa371b2384f50c9"
    "848cae"
    "9039273447ff3d7317b98bb0ae02470e127f17c4139f172e623134bdef03ccfadb3786";
constexpr const char* kOldOwn =
    R"([{"senderKeyId":2116059978,"senderChainKey":{"iteration":3,"seed":"ehKvh+MejQCR3KNmvE+VaR1BSaKpFNU868AaMcZslvE="},"senderSigningKey":{"public":"BbpX2CYX0mhAE8Dr+0zDYDlCh+yDffp6PD2dZ6BlnTQt","private":"sNLz0gmHNRUZRw31cM63Ibfqwy3AQ6nTo2axiQxTIk4="},"senderMessageKeys":[{"iteration":1,"seed":"3I6daC9PwUcsg09fto4eIriVE8qJZyVkeNJws3pJ3kI="}]}])";
constexpr const char* kOldForeign =
    R"([{"senderKeyId":2116059978,"senderChainKey":{"iteration":3,"seed":"ehKvh+MejQCR3KNmvE+VaR1BSaKpFNU868AaMcZslvE="},"senderSigningKey":{"public":"BbpX2CYX0mhAE8Dr+0zDYDlCh+yDffp6PD2dZ6BlnTQt"},"senderMessageKeys":[{"iteration":0,"seed":"VbM3K7q0+lpaBrcy7FCLcdV+O6tlhdozwYEvn8zhVx8="},{"iteration":1,"seed":"3I6daC9PwUcsg09fto4eIriVE8qJZyVkeNJws3pJ3kI="},{"iteration":2}]}])";

}  // namespace

TEST_CASE("A sender key in the present layout reads the next message") {
  auto keys = read_sender_keys(kPresentLayout, SenderKeyOwner::kOther);
  REQUIRE(keys);
  CHECK_FALSE(keys->has_private_key);
  REQUIRE(keys->record.states().size() == 1);
  CHECK(keys->record.states().front().id == 52376439);
  CHECK(keys->record.states().front().chain.index == 1);
  const auto opened = group_decrypt(keys->record, base::from_hex(kMessageTwo).value());
  REQUIRE(opened);
  CHECK(base::to_string(*opened) == "g2");
}

TEST_CASE("The old layout, a member's key and an own one") {
  const auto foreign = read_sender_keys(kOldForeign, SenderKeyOwner::kOther);
  REQUIRE(foreign);
  CHECK(foreign->record.states().front().skipped.size() == 2);  // the entry without seed means nothing
  CHECK(foreign->record.own() == nullptr);
  const auto own = read_sender_keys(kOldOwn, SenderKeyOwner::kOurselves);
  REQUIRE(own);
  CHECK(own->has_private_key);
  CHECK(own->record.own() != nullptr);
  CHECK(own->record.states().front().skipped.empty());
}

TEST_CASE("Sender keys written for Baileys are those that were read") {
  for (const char* text : {kPresentLayout, kOldOwn, kOldForeign}) {
    const auto keys = read_sender_keys(text, SenderKeyOwner::kOther);
    const auto again = read_sender_keys(write_sender_keys(keys->record), SenderKeyOwner::kOther);
    REQUIRE(again);
    CHECK(again->record.serialize() == keys->record.serialize());
  }
}

TEST_CASE("The newest key stands last there and first here") {
  const std::string two =
      std::string{kOldForeign}.substr(0, std::string{kOldForeign}.size() - 1) + "," +
      R"({"senderKeyId":7,"senderChainKey":{"iteration":0,"seed":"ehKvh+MejQCR3KNmvE+VaR1BSaKpFNU868AaMcZslvE="},"senderSigningKey":{"public":"ulfYJhfSaEATwOv7TMNgOUKH7IN9+no8PZ1noGWdNC0="},"senderMessageKeys":[]}])";
  const auto keys = read_sender_keys(two, SenderKeyOwner::kOther);
  REQUIRE(keys);
  REQUIRE(keys->record.states().size() == 2);
  CHECK(keys->record.states().front().id == 7);
  CHECK(keys->record.states().front().signing_key ==
        keys->record.states().back().signing_key);  // 32 or 33 bytes
}

TEST_CASE("A key that does not hold together is left out; what is no list is refused") {
  const auto bad = read_sender_keys(
      R"([{"senderKeyId":7,"senderChainKey":{"iteration":0,"seed":"AAAA"},"senderSigningKey":{"public":"AAAA"}}])",
      SenderKeyOwner::kOther);
  REQUIRE(bad);
  CHECK(bad->record.empty());
  CHECK(bad->unusable_states == 1);
  CHECK(read_sender_keys("[]", SenderKeyOwner::kOther)->record.empty());
  for (const char* text :
       {"", "{}", "7", R"({"type":"Buffer","data":"e30="})", R"({"type":"Buffer","data":"W3s="})"})
    CHECK_FALSE(read_sender_keys(text, SenderKeyOwner::kOther));
}
