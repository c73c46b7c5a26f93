#include "whatsapp/pairing/qr_text.h"

#include <doctest/doctest.h>

#include "unit/whatsapp/pairing/known_pairing.h"

using namespace whatsapp::pairing;

namespace {

const std::string kKnownQr =
    "https://wa.me/settings/linked_devices#2@abc,OKtmS9hvd9fma92a4HkpE6lP2LM6EmACfktGwfSITGc=,"
    "/y7kVgHsG2cxDHeQQEWFrmlzMe7hwfjPJBlzHB//Pms=,97maQjX9JET73cleV1zVgpmEDivhZO9IFnnCKSNNzy0=,1";

QrContent known_content() {
  return {"2@abc", known::noise().public_key, known::companion().public_key, known::adv_secret(), "1"};
}

}  // namespace

TEST_CASE("the known content gives the known text, and back") {
  CHECK(qr_text(known_content()) == kKnownQr);
  const auto content = parse_qr_text(kKnownQr);
  REQUIRE(content.has_value());
  CHECK(content->ref == "2@abc");
  CHECK(content->noise == known::noise().public_key);
  CHECK(content->identity == known::companion().public_key);
  CHECK(content->adv_secret == known::adv_secret());
  CHECK(content->platform == "1");
}

TEST_CASE("refs with commas and base64 signs are read back") {
  for (const char* ref : {"a,b", ",", "2@x+/=,", "=,=,="}) {
    QrContent content = known_content();
    content.ref = ref;
    CHECK(parse_qr_text(qr_text(content)).value().ref == ref);
  }
}

TEST_CASE("a phone also reads the text without the prefix, and URL-safe base64") {
  std::string text = kKnownQr.substr(kQrPrefix.size());
  CHECK(parse_qr_text(text).has_value());
  for (char& c : text) c = c == '/' ? '_' : c == '+' ? '-' : c;
  CHECK(parse_qr_text(text).value().identity == known::companion().public_key);
}

TEST_CASE("texts out of form are refused") {
  const std::string keys = kKnownQr.substr(kKnownQr.find(','));
  for (const std::string& text :
       {std::string{}, std::string{"a,b,c,d,e"}, std::string{",,,,"},
        kKnownQr.substr(0, kKnownQr.rfind(',')),  // the obsolete four fields
        kKnownQr.substr(0, kKnownQr.size() - 1), keys, "ref" + keys.substr(0, 44) + keys})
    CHECK_MESSAGE(parse_qr_text(text).has_value() == (text.starts_with("ref,")), text);
}
