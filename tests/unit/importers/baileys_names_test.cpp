#include "importers/baileys_names.h"

#include <doctest/doctest.h>

#include <utility>

using namespace importers;
using whatsapp::signal::Domain;

TEST_CASE("File names and records stand for each other") {
  const std::pair<RecordId, const char*> cases[] = {
      {{Category::kCreds, ""}, "creds.json"},
      {{Category::kAppStateKey, "AAAAAP/7"}, "app-state-sync-key-AAAAAP__7.json"},
      {{Category::kAppStateVersion, "regular_high"}, "app-state-sync-version-regular_high.json"},
      {{Category::kSenderKey, "12036300000000@g.us::111122223333444_1::7"},
       "sender-key-12036300000000@g.us--111122223333444_1--7.json"},
      {{Category::kSenderKey, "5511999-1400000000@g.us::5511888::0"},
       "sender-key-5511999-1400000000@g.us--5511888--0.json"},
      {{Category::kSenderKey, "status@broadcast::5511888::12"},
       "sender-key-status@broadcast--5511888--12.json"},
      {{Category::kSenderKeyMemory, "5511999-1400000000@g.us"},
       "sender-key-memory-5511999-1400000000@g.us.json"},
      {{Category::kSession, "999988887777666_1.3"}, "session-999988887777666_1.3.json"},
      {{Category::kIdentityKey, "5511888.0"}, "identity-key-5511888.0.json"},
      {{Category::kLidMapping, "999988887777666_reverse"}, "lid-mapping-999988887777666_reverse.json"},
      {{Category::kTrustedContactToken, "999988887777666@lid"}, "tctoken-999988887777666@lid.json"},
      {{Category::kTrustedContactToken, "__index"}, "tctoken-__index.json"},
      {{Category::kPreKey, "812"}, "pre-key-812.json"},
      {{Category::kDeviceList, "5511888"}, "device-list-5511888.json"},
  };
  for (const auto& [record, file] : cases) {
    CAPTURE(file);
    CHECK(file_of_record(record) == file);
    const auto decoded = record_of_file(file);
    REQUIRE(decoded);
    CHECK(*decoded == record);
  }
}

TEST_CASE("What Baileys did not write is no record") {
  for (const char* file :
       {"device.db", "creds.json.bak", "creds", "pre-key-0.json", "pre-key-16777216.json", "pre-key-x.json",
        "session-5511888.json", "session-55.11.888.json", "session-5511888_7.0.json", "session-.0.json",
        "session-5511888.70000.json", "sender-key-a--b.json", "lid-mapping-abc.json",
        "lid-mapping-_reverse.json", "session.json", "note.txt", "", ".json"}) {
    CAPTURE(file);
    CHECK_FALSE(record_of_file(file));
  }
}

TEST_CASE("A token under its old name is the same record") {
  const auto record = record_of_file("contacts-tc-token-5511888@s.whatsapp.net.json");
  REQUIRE(record);
  CHECK(record->category == Category::kTrustedContactToken);
}

TEST_CASE("Addresses carry their domain as a number") {
  const auto lid = parse_address("999988887777666_1.3");
  REQUIRE(lid);
  CHECK(lid->domain == Domain::kLid);
  CHECK(lid->device == 3);
  CHECK(address_text(*lid) == "999988887777666_1.3");
  const auto hosted = parse_address("5511888_128.99");
  REQUIRE(hosted);
  CHECK(hosted->domain == Domain::kHosted);
}
