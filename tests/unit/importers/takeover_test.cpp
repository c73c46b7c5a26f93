#include "importers/takeover.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/random.h"
#include "importers/folder_export.h"
#include "whatsapp/signal/session_record.h"
#include "whatsapp/store/sqlite_device_store.h"
#include "whatsapp/store/store_folder.h"

using namespace importers;
using base::ErrorCode;
using whatsapp::signal::Domain;
using whatsapp::store::SqliteDeviceStore;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kNow = 1'795'300'000;

/// AUTH_BASE in a folder of its own, gone afterwards.
struct AuthBase {
  fs::path path;
  AuthBase() {
    std::string name = (fs::temp_directory_path() / "takeover-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~AuthBase() { fs::remove_all(path); }

  [[nodiscard]] fs::path put_baileys(const std::string& name) const {
    const fs::path folder = path / name;
    fs::copy(std::string{WA_TEST_VECTORS} + "/baileys_auth", folder);
    return folder;
  }
  [[nodiscard]] TakeOver order(const std::string& id, const fs::path& source) const {
    TakeOver order;
    order.auth_base = path.string();
    order.instance_id = id;
    order.source = source.string();
    order.quiet_seconds = 0;
    order.settings.now = kNow;
    return order;
  }
  [[nodiscard]] std::unique_ptr<SqliteDeviceStore> open(const std::string& id) const {
    auto store = SqliteDeviceStore::open({(path / id).string()});
    REQUIRE_MESSAGE(store, store.error().message);
    return *std::move(store);
  }
};

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ostringstream text;
    text << std::ifstream{entry.path()}.rdbuf();
    out[entry.path().filename().string()] = text.str();
  }
  return out;
}

}  // namespace

TEST_CASE("A folder in an instance's place becomes its account, once, and stays as it was") {
  const AuthBase base;
  const fs::path folder = base.put_baileys("shop");
  const auto before = contents(folder);
  CHECK(awaits_takeover(base.path.string(), "shop"));
  const auto report = take_over(base.order("shop", folder));
  REQUIRE_MESSAGE(report, report.error().message);
  CHECK(contents(folder) == before);
  CHECK_FALSE(awaits_takeover(base.path.string(), "shop"));
  const auto store = base.open("shop");
  CHECK(store->credentials().value()->paired->pn.to_string() == "5525897228055:50@s.whatsapp.net");
  CHECK(store->confirmed_pre_key_count().value() == 27);
}

TEST_CASE("Nothing is left behind beside the accounts") {
  const AuthBase base;
  REQUIRE(take_over(base.order("shop", base.put_baileys("shop"))));
  for (const auto& entry : fs::directory_iterator(base.path)) CHECK(entry.path().filename() == "shop");
}

TEST_CASE("What a crash left of an earlier attempt is thrown away") {
  const AuthBase base;
  const fs::path folder = base.put_baileys("shop");
  {
    const auto half = SqliteDeviceStore::open({(base.path / ".import-shop").string()});
    REQUIRE(half);
    whatsapp::store::Changes changes;
    changes.lid_mappings.push_back({"1", "2"});
    REQUIRE((*half)->commit(changes));
  }
  CHECK(awaits_takeover(base.path.string(), "shop"));
  REQUIRE(take_over(base.order("shop", folder)));
  CHECK_FALSE(base.open("shop")->lid_of("1").value());
}

TEST_CASE("An instance that has an account keeps it") {
  const AuthBase base;
  const fs::path folder = base.put_baileys("elsewhere");
  REQUIRE(take_over(base.order("shop", folder)));
  const auto again = take_over(base.order("shop", folder));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kConflict);
}

TEST_CASE("A refused folder leaves the instance without an account, and the next attempt may succeed") {
  const AuthBase base;
  const fs::path folder = base.put_baileys("shop");
  const fs::path session = folder / "session-745986552955686_1.0.json";
  fs::resize_file(session, fs::file_size(session) / 2);
  const auto refused = take_over(base.order("shop", folder));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.starts_with("session-745986552955686_1.0.json:"));
  CHECK(awaits_takeover(base.path.string(), "shop"));
  auto order = base.order("shop", folder);
  order.settings.damaged = DamagedRecords::kLeaveOut;
  CHECK(take_over(order));
}

TEST_CASE("A folder that was written to a moment ago is refused: Baileys may still run") {
  const AuthBase base;
  const fs::path folder = base.put_baileys("shop");
  auto order = base.order("shop", folder);
  order.quiet_seconds = 10;
  struct stat facts {};
  REQUIRE(::stat((folder / "creds.json").c_str(), &facts) == 0);
  order.settings.now = facts.st_mtim.tv_sec + 5;
  const auto early = take_over(order);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == ErrorCode::kConflict);
  order.settings.now += 30;
  CHECK(take_over(order));
}

TEST_CASE("A folder is not taken over a second time after our own file went") {
  const AuthBase base;
  REQUIRE(take_over(base.order("shop", base.put_baileys("shop"))));
  fs::remove(base.path / "shop" / "device.db");
  CHECK_FALSE(awaits_takeover(base.path.string(), "shop"));
}

TEST_CASE("A folder without creds.json, or none at all, is nothing to take over") {
  const AuthBase base;
  CHECK_FALSE(awaits_takeover(base.path.string(), "shop"));
  CHECK(take_over(base.order("shop", base.path / "nowhere")).error().code == ErrorCode::kNotFound);
  const fs::path folder = base.put_baileys("shop");
  fs::remove(folder / "creds.json");
  CHECK(take_over(base.order("shop", folder)).error().code == ErrorCode::kNotFound);
}

TEST_CASE("Exported and imported again, the account is the same") {
  const AuthBase base;
  REQUIRE(take_over(base.order("shop", base.put_baileys("shop"))));
  base::SeededRandom random{3};
  const FolderExport order{base.path.string(), "shop", (base.path / "back").string(), AfterExport::kPutAside,
                           kNow};
  const auto exported = export_folder(order, random);
  REQUIRE_MESSAGE(exported, exported.error().message);
  CHECK(exported->sessions == 5);
  CHECK(exported->pre_keys == 27);
  CHECK(exported->sender_keys == 3);
  CHECK(fs::exists(base.path / "shop" / ("device.db.exported-" + std::to_string(kNow))));
  CHECK_FALSE(whatsapp::store::StoreFolder::holds_account((base.path / "shop").string()));

  REQUIRE(take_over(base.order("again", base.path / "back")));
  const auto first = contents(base.path / "shop");
  for (const auto& [file, text] : contents(base.path / "back")) {
    CAPTURE(file);
    // The small records are the same texts; sessions and creds lack what only Baileys knows.
    // An identity known only from its session has a file of its own now.
    if (file.starts_with("pre-key") || file.starts_with("identity") || file.starts_with("app-state"))
      CHECK((!first.contains(file) || first.at(file) == text));
  }
  fs::rename(base.path / "shop" / ("device.db.exported-" + std::to_string(kNow)),
             base.path / "shop" / "device.db");
  const auto before = base.open("shop");
  const auto after = base.open("again");
  const auto one = before->credentials().value().value();
  const auto two = after->credentials().value().value();
  CHECK(one.identity.private_key == two.identity.private_key);
  CHECK(one.paired->account_identity == two.paired->account_identity);
  CHECK(one.next_pre_key_id == two.next_pre_key_id);
  for (const char* user : {"343550603448644", "745986552955686", "902238837678711", "966759507096376"}) {
    const whatsapp::signal::Address address{user, Domain::kLid, 0};
    CHECK(before->session(address).value() == after->session(address).value());
    CHECK(before->sender_key("120363972812500628@g.us", address).value() ==
          after->sender_key("120363972812500628@g.us", address).value());
  }
}

TEST_CASE("An export writes nowhere where something is, and nothing of an account that is not there") {
  const AuthBase base;
  base::SeededRandom random{3};
  FolderExport order{base.path.string(), "shop", (base.path / "back").string(), AfterExport::kKeep, kNow};
  CHECK(export_folder(order, random).error().code == ErrorCode::kNotFound);
  CHECK_FALSE(fs::exists(base.path / "back"));
  REQUIRE(take_over(base.order("shop", base.put_baileys("shop"))));
  order.target = (base.path / "shop").string();
  CHECK(export_folder(order, random).error().code == ErrorCode::kConflict);
}
