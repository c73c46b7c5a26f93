#include "importers/account_import.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "importers/baileys_json.h"
#include "vector_check/unit.h"
#include "whatsapp/signal/sender_key_record.h"
#include "whatsapp/signal/session_record.h"
#include "whatsapp/store/memory_device_store.h"

using namespace importers;
using base::ErrorCode;
using whatsapp::signal::Address;
using whatsapp::signal::Domain;
using whatsapp::store::MemoryDeviceStore;

namespace {

constexpr std::int64_t kNow = 1'795'300'000;
constexpr const char* kGroup = "120363972812500628@g.us";

using Texts = std::map<RecordId, std::string>;

/// The folder of the vectors, record by record.
Texts real_records() {
  Texts texts;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string{WA_TEST_VECTORS} + "/baileys_auth")) {
    std::ostringstream text;
    text << std::ifstream{entry.path()}.rdbuf();
    texts[record_of_file(entry.path().filename().string()).value()] = text.str();
  }
  return texts;
}

struct Imported {
  MemoryDeviceStore store;
  base::Result<ImportReport> report = base::fail(ErrorCode::kIo, "not yet");
};

std::unique_ptr<Imported> imported(const Texts& texts, DamagedRecords damaged = DamagedRecords::kRefuse) {
  RecordMap source;
  for (const auto& [record, text] : texts) source.put(record, text);
  auto out = std::make_unique<Imported>();
  const ChangesSink sink = [&out](whatsapp::store::Changes&& changes) { return out->store.commit(changes); };
  const ImportSettings settings{damaged, kNow};
  out->report = import_account(source, settings, sink);
  return out;
}

/// The sentence an altered folder is refused with.
std::string refusal(const Texts& texts) {
  const auto result = imported(texts);
  return result->report ? "it was taken" : result->report.error().message;
}

template <class Change>
Texts with_creds(const Change& change) {
  Texts texts = real_records();
  std::string& text = texts[{Category::kCreds, ""}];
  Json creds = *parse_json(text);
  change(creds);
  text = write_json(creds);
  return texts;
}

}  // namespace

TEST_CASE("A real Baileys folder reads what its contacts sent meanwhile") {
  vector_check::check_vectors("peers.json", vector_check::run_peers);
}

TEST_CASE("The report counts what was taken and what was not") {
  const auto result = imported(real_records());
  REQUIRE(result->report);
  ImportReport& report = *result->report;
  CHECK(report.own_jid == "5525897228055:50@s.whatsapp.net");
  CHECK(report.own_lid == "343550603448644:50@lid");
  CHECK(report.generation == Generation::kV7);
  CHECK(report.of(Category::kSession).taken == 5);
  CHECK(report.of(Category::kPreKey).taken == 27);
  CHECK(report.of(Category::kSenderKey).taken == 3);
  CHECK(report.of(Category::kSenderKey).left_out == 1);  // our own
  CHECK(report.of(Category::kAppStateKey).taken == 2);
  CHECK(report.of(Category::kAppStateVersion).left_out == 3);
  CHECK(report.of(Category::kDeviceList).left_out == 6);
  CHECK(report.text().find("27 taken") != std::string::npos);
}

TEST_CASE("Sender keys under a number move to the LID that the number has") {
  auto result = imported(real_records());
  REQUIRE(result->report);
  CHECK(result->store.sender_key(kGroup, {"745986552955686", Domain::kLid, 0}).value());
  CHECK_FALSE(result->store.sender_key(kGroup, {"5525189514721", Domain::kPn, 0}).value());
  CHECK(result->store.lid_of("5525189514721").value() == "745986552955686");
}

TEST_CASE("A session under a number joins the one under the LID, whose state stays in use") {
  Texts texts = real_records();
  texts[{Category::kSession, "5525189514721.0"}] = texts[{Category::kSession, "966759507096376_1.0"}];
  const auto result = imported(texts);
  REQUIRE(result->report);
  const auto stored = result->store.session({"745986552955686", Domain::kLid, 0}).value();
  REQUIRE(stored);
  const auto record = whatsapp::signal::SessionRecord::parse(*stored).value();
  const auto alone = imported(real_records());
  const auto before = whatsapp::signal::SessionRecord::parse(
                          *alone->store.session({"745986552955686", Domain::kLid, 0}).value())
                          .value();
  CHECK(record.base_key() == before.base_key());
  CHECK(record.archived_count() == before.archived_count() + 1);
}

TEST_CASE("A stored identity that differs from a session's makes the session a memory") {
  Texts texts = real_records();
  texts[{Category::kIdentityKey, "745986552955686_1.0"}] =
      texts[{Category::kIdentityKey, "902238837678711_1.0"}];
  const auto result = imported(texts);
  REQUIRE(result->report);
  const Address address{"745986552955686", Domain::kLid, 0};
  const auto record = whatsapp::signal::SessionRecord::parse(*result->store.session(address).value()).value();
  CHECK(record.current() == nullptr);
  CHECK(record.archived_count() >= 1);
}

TEST_CASE("A folder of 6.x: what may be a LID is kept under both") {
  Texts texts;
  for (const auto& [record, text] : real_records()) {
    if (record.category == Category::kLidMapping || record.category == Category::kDeviceList) continue;
    RecordId old = record;
    if (record.category == Category::kSession || record.category == Category::kIdentityKey) {
      const auto mark = old.id.find("_1");
      if (mark != std::string::npos) old.id.erase(mark, 2);
    }
    texts[old] = text;
  }
  const auto result = imported(texts);
  REQUIRE(result->report);
  CHECK(result->report->generation == Generation::kV6);
  CHECK(result->store.session({"745986552955686", Domain::kPn, 0}).value());
  CHECK(result->store.session({"745986552955686", Domain::kLid, 0}).value());
}

TEST_CASE("A truncated record refuses the folder and is named") {
  for (const auto& [record, whole] : real_records()) {
    if (record.category == Category::kDeviceList || record.category == Category::kSenderKeyMemory ||
        record.category == Category::kAppStateVersion)
      continue;  // not read
    if (record.category == Category::kSenderKey && record.id.find("5525897228055") != std::string::npos)
      continue;
    CAPTURE(file_of_record(record));
    for (const std::size_t length : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
      Texts texts = real_records();
      texts[record] = whole.substr(0, length);
      CHECK(refusal(texts).starts_with(file_of_record(record) + ":"));
    }
  }
}

TEST_CASE("Told to, an import leaves truncated records out and says so; never creds.json") {
  Texts texts = real_records();
  texts[{Category::kSession, "745986552955686_1.0"}] = "{\"_sess";
  const auto result = imported(texts, DamagedRecords::kLeaveOut);
  REQUIRE(result->report);
  CHECK(result->report->of(Category::kSession).taken == 4);
  CHECK(result->report->of(Category::kSession).left_out == 1);
  REQUIRE(result->report->warnings.size() == 1);
  CHECK(result->report->warnings.front().starts_with("session-745986552955686_1.0.json:"));
  texts[{Category::kCreds, ""}] = "";
  CHECK_FALSE(imported(texts, DamagedRecords::kLeaveOut)->report);
}

TEST_CASE("Folders of two accounts in one are refused") {
  Texts texts = real_records();
  texts[{Category::kLidMapping, "5525897228055"}] = "\"111111111111111\"";
  CHECK(refusal(texts).find("mixed from two accounts") != std::string::npos);

  Texts groups = real_records();
  const RecordId own{Category::kSenderKey, std::string{kGroup} + "::5525897228055::50"};
  groups[{Category::kSenderKey, std::string{kGroup} + "::5511000000000::3"}] = groups.at(own);
  CHECK(refusal(groups).find("mixed from two accounts") != std::string::npos);

  // Another account's keys in creds.json: the phone never signed them.
  const auto swapped =
      with_creds([](Json& creds) { std::swap(creds["noiseKey"], creds["signedIdentityKey"]); });
  CHECK(refusal(swapped).starts_with("creds.json:"));
}

TEST_CASE("creds.json that proves nothing is refused, each with its reason") {
  const auto refused = [](const char* why, const auto& change) {
    CAPTURE(why);
    const std::string said = refusal(with_creds(change));
    CHECK_MESSAGE(said.starts_with("creds.json: "), said);
  };
  refused("no noise key", [](Json& creds) { creds.erase("noiseKey"); });
  refused("half a key", [](Json& creds) { creds["noiseKey"]["private"]["data"] = "AAAA"; });
  refused("foreign public key",
          [](Json& creds) { creds["noiseKey"]["public"] = creds["signedIdentityKey"]["public"]; });
  refused("no signature", [](Json& creds) { creds["signedPreKey"].erase("signature"); });
  refused("foreign signed pre-key",
          [](Json& creds) { creds["signedPreKey"]["keyPair"] = creds["noiseKey"]; });
  refused("no registration id", [](Json& creds) { creds.erase("registrationId"); });
  refused("no counters", [](Json& creds) { creds.erase("nextPreKeyId"); });
  refused("linked by half", [](Json& creds) { creds.erase("account"); });
  refused("no own address", [](Json& creds) { creds["me"]["id"] = "5525897228055@s.whatsapp.net"; });
  refused("a LID as own address", [](Json& creds) { creds["me"]["id"] = creds["me"]["lid"]; });
  refused("no device signature", [](Json& creds) { creds["account"].erase("deviceSignature"); });
  refused("foreign account key",
          [](Json& creds) { creds["account"]["accountSignatureKey"] = creds["advSecretKey"]; });
  refused("foreign details", [](Json& creds) { creds["account"]["details"] = "CMDEBxCA4s+qBhgH"; });
  refused("no object", [](Json& creds) { creds = Json::array(); });
}

TEST_CASE("A device that was never linked is not an error of the folder") {
  const auto texts = with_creds([](Json& creds) {
    creds.erase("account");
    creds.erase("me");
  });
  const auto result = imported(texts);
  REQUIRE_FALSE(result->report);
  CHECK(result->report.error().code == ErrorCode::kNotFound);
}

TEST_CASE("creds.json in other dresses is the same account") {
  const auto texts = with_creds([](Json& creds) {
    creds["noiseKey"]["private"] = *parse_json(write_json(Json(*read_bytes(creds["noiseKey"]["private"]))));
    for (const char* field : {"details", "accountSignatureKey", "accountSignature", "deviceSignature"})
      creds["account"][field] = buffer_of(*read_bytes(creds["account"][field]));
    creds["registrationId"] = "150";
    creds["me"]["lid"] = "343550603448644@lid";
  });
  const auto result = imported(texts);
  REQUIRE_MESSAGE(result->report, result->report.error().message);
  CHECK(result->report->own_lid == "343550603448644:50@lid");
  CHECK(result->store.credentials().value()->registration_id == 150);
}

TEST_CASE("Privacy tokens come along unless they have expired; the index says nothing") {
  Texts texts = real_records();
  const auto token = [&](const char* id, std::int64_t at) {
    texts[{Category::kTrustedContactToken, id}] =
        R"({"token":{"type":"Buffer","data":"AQID"},"timestamp":")" + std::to_string(at) + "\"}";
  };
  token("745986552955686@lid", kNow - 86'400);
  token("902238837678711@lid", kNow - 60 * 86'400);
  texts[{Category::kTrustedContactToken, "__index"}] = R"({"token":{"type":"Buffer","data":"W10="}})";
  const auto result = imported(texts);
  REQUIRE(result->report);
  CHECK(result->store.record("tctoken", "745986552955686").value());
  CHECK_FALSE(result->store.record("tctoken", "902238837678711").value());
  CHECK(result->store.record_count("tctoken").value() == 1);
}

TEST_CASE("Random damage is refused or left out, never taken for something else") {
  const Texts whole = real_records();
  base::SeededRandom random{77};
  const auto below = [&random](std::size_t limit) {
    base::FixedBytes<4> bytes{};
    random.fill(bytes);
    return static_cast<std::size_t>(base::read_big_endian(bytes)) % limit;
  };
  for (int round = 0; round < 300; ++round) {
    Texts texts = whole;
    auto victim = texts.begin();
    std::advance(victim, below(texts.size()));
    std::string& text = victim->second;
    text[below(text.size())] = "{}[]\",:0aA-"[below(11)];
    const auto result = imported(texts, round % 2 == 0 ? DamagedRecords::kRefuse : DamagedRecords::kLeaveOut);
    if (result->report) CHECK(result->store.credentials().value().has_value());
  }
}
