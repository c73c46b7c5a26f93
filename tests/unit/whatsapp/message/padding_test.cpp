#include "whatsapp/message/padding.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.h"

using namespace whatsapp::message;
using base::Bytes;

TEST_CASE("padding comes off again for every length, and all of 1 to 16 bytes occur") {
  base::SeededRandom random{1};
  std::set<std::size_t> added;
  for (std::size_t size = 0; size <= 300; ++size) {
    const Bytes message = random.bytes(size);
    for (int i = 0; i < 4; ++i) {
      const Bytes padded = pad(message, random);
      added.insert(padded.size() - size);
      const auto stripped = unpad(padded);
      REQUIRE(stripped.has_value());
      CHECK(base::to_bytes(*stripped) == message);
    }
  }
  CHECK(added.size() == 16);
  CHECK(*added.begin() == 1);
  CHECK(*added.rbegin() == 16);
}

TEST_CASE("messages that other implementations padded are stripped") {
  std::ifstream stream{std::string{WA_TEST_VECTORS} + "/hkdf_aes.json"};
  const auto file = nlohmann::json::parse(stream);
  REQUIRE(!file.at("message_padding").empty());
  for (const auto& entry : file.at("message_padding")) {
    const Bytes padded = base::from_hex(entry.at("padded").get<std::string>()).value();
    CHECK(base::to_hex(unpad(padded).value()) == entry.at("message").get<std::string>());
  }
}

TEST_CASE("up to 255 bytes come off, and none for a last byte of 0") {
  Bytes long_padding(300, 255);
  CHECK(unpad(long_padding).value().size() == 45);
  CHECK(unpad(Bytes(255, 255)).value().empty());
  CHECK(unpad(Bytes{1, 2, 0}).value().size() == 3);
}

TEST_CASE("padding that is missing, too long or uneven is malformed") {
  CHECK(unpad({}).error().code == base::ErrorCode::kMalformed);
  CHECK(unpad(Bytes{9, 9, 4}).error().code == base::ErrorCode::kMalformed);
  CHECK(unpad(Bytes{9, 9, 3, 2, 3}).error().code == base::ErrorCode::kMalformed);
}
