#include "whatsapp/store/sqlite_device_store.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "sample_rows.h"
#include "temporary_folder.h"
#include "whatsapp/store/schema.h"

using namespace whatsapp;
using base::Bytes;
using base::ErrorCode;
using store::Changes;
using store::SqliteDeviceStore;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

Changes value(const std::string& name, Bytes bytes) {
  Changes changes;
  changes.values.emplace_back(name, std::move(bytes));
  return changes;
}

/// Runs SQL in a file that no store has open.
void sql_in(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
}

void overwrite(const std::string& path, std::streamoff from, std::size_t count) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(from);
  file << std::string(count, '\x5a');
}

std::size_t entries_beginning_with(const std::string& folder, const std::string& prefix) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(prefix)) ++count;
  return count;
}

}  // namespace

TEST_CASE("folders and files belong to the owner alone, whatever the umask") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  const auto store = SqliteDeviceStore::open({folder.path("auth/one/")}).value();
  REQUIRE(store->commit(value("a", Bytes{1})));
  ::umask(before);
  CHECK(mode_of(folder.path("auth")) == 0700);
  CHECK(mode_of(folder.path("auth/one")) == 0700);
  for (const auto& entry : fs::directory_iterator(folder.path("auth/one")))
    CHECK_MESSAGE(mode_of(entry.path()) == 0600, entry.path().string());
  CHECK(fs::exists(folder.path("auth/one/device.db-wal")));
}

TEST_CASE("a second opener is told who has the account, and may have it once the first is gone") {
  const TemporaryFolder folder;
  auto first = SqliteDeviceStore::open({folder.path()}).value();
  first->rest();  // resting does not give up the account
  const auto second = SqliteDeviceStore::open({folder.path()});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kConflict);
  CHECK(second.error().message.find("another process") != std::string::npos);
  first.reset();
  CHECK(SqliteDeviceStore::open({folder.path()}).has_value());
}

TEST_CASE("a resting store has closed its file in good order and goes on by itself") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path()}).value();
  REQUIRE(store->commit(value("a", Bytes{1})));
  CHECK(fs::exists(folder.path("device.db-wal")));
  store->rest();
  CHECK(store->is_resting());
  CHECK_FALSE(fs::exists(folder.path("device.db-wal")));
  CHECK(store->value("a").value() == Bytes{1});
  CHECK_FALSE(store->is_resting());
}

TEST_CASE("what was committed is there in the next life of the process") {
  const TemporaryFolder folder;
  for (const auto durability : {store::Durability::kFull, store::Durability::kNormal}) {
    const auto name = std::to_string(static_cast<int>(durability));
    REQUIRE(SqliteDeviceStore::open({folder.path(), durability}).value()->commit(value(name, Bytes{7})));
    CHECK(SqliteDeviceStore::open({folder.path()}).value()->value(name).value() == Bytes{7});
  }
}

TEST_CASE("a file of a newer program is left alone") {
  const TemporaryFolder folder;
  REQUIRE(SqliteDeviceStore::open({folder.path()}));
  sql_in(folder.path("device.db"), "PRAGMA user_version = 999");
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto opened = SqliteDeviceStore::open({folder.path()});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::kInvalidArgument);
    CHECK(opened.error().message.find("newer version") != std::string::npos);
  }
  CHECK(fs::exists(folder.path("device.db")));
}

TEST_CASE("a file that is no database is set aside, and the account stays closed until a person decides") {
  const TemporaryFolder folder;
  std::ofstream(folder.path("device.db")) << std::string(8192, 'x');
  const auto opened = SqliteDeviceStore::open({folder.path()});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::kCorrupt);
  CHECK(opened.error().message.find("device.db.corrupt-") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.path("device.db")));
  CHECK(entries_beginning_with(folder.path(), "device.db.corrupt-") == 1);

  const auto again = SqliteDeviceStore::open({folder.path()});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kCorrupt);
  CHECK(again.error().message.find("QUARANTINED.txt") != std::string::npos);
  CHECK_FALSE(fs::exists(folder.path("device.db")));

  fs::remove(folder.path("QUARANTINED.txt"));
  CHECK(SqliteDeviceStore::open({folder.path()}).has_value());
  CHECK(entries_beginning_with(folder.path(), "device.db.corrupt-") == 1);
}

TEST_CASE("another program's database is not taken for ours") {
  const TemporaryFolder folder;
  sql_in(folder.path("device.db"), "CREATE TABLE notes (text TEXT)");
  const auto opened = SqliteDeviceStore::open({folder.path()});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("damage inside the file is found in use, reported, and set aside") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path()}).value();
  for (int i = 0; i < 200; ++i) REQUIRE(store->commit(value("name" + std::to_string(i), Bytes(1000, 1))));
  store->rest();
  overwrite(folder.path("device.db"), 4096 * 2, fs::file_size(folder.path("device.db")) - 4096 * 2);

  auto read = store->value("name7");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kCorrupt);
  CHECK(entries_beginning_with(folder.path(), "device.db.corrupt-") == 1);
  CHECK(store->commit(value("a", Bytes{1})).error().code == ErrorCode::kCorrupt);
  CHECK_FALSE(fs::exists(folder.path("device.db")));
}

TEST_CASE("after an unclean end the whole file is checked before it is trusted") {
  const TemporaryFolder folder;
  {
    const auto store = SqliteDeviceStore::open({folder.path()}).value();
    for (int i = 0; i < 200; ++i) REQUIRE(store->commit(value("name" + std::to_string(i), Bytes(1000, 1))));
  }
  overwrite(folder.path("device.db"), fs::file_size(folder.path("device.db")) - 4096 * 20, 4096 * 20);
  {  // damage far from what open() reads: after a clean end it opens
    REQUIRE(SqliteDeviceStore::open({folder.path()}).has_value());
  }
  std::ofstream(folder.path("device.db-wal")) << std::string(100, 'w');
  const auto opened = SqliteDeviceStore::open({folder.path()});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("a stored value of the wrong size fails its query, not the account") {
  const TemporaryFolder folder;
  auto store = SqliteDeviceStore::open({folder.path()}).value();
  Changes changes = value("a", Bytes{1});
  changes.pre_keys = {samples::pre_key(1)};
  REQUIRE(store->commit(changes));
  store.reset();
  sql_in(folder.path("device.db"), "UPDATE pre_key SET private = x'00ff'");
  store = SqliteDeviceStore::open({folder.path()}).value();
  CHECK(store->pre_key(1).error().code == ErrorCode::kCorrupt);
  CHECK(store->value("a").value() == Bytes{1});
}

namespace {
/// While it lives, no file of this process can grow beyond `bytes`: a full disk, as the kernel tells it.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};
}  // namespace

TEST_CASE("a commit that finds the disk full changes nothing, and the store goes on when there is room") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path()}).value();
  REQUIRE(store->commit(value("before", Bytes{1})));
  Changes big = value("small", Bytes{2});
  big.values.emplace_back("big", Bytes(4u << 20, 7));
  {
    const SmallDisk disk(1u << 20);
    const auto failed = store->commit(big);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == ErrorCode::kIo);
    CHECK_FALSE(failed.error().message.empty());
  }
  CHECK_FALSE(store->value("small").value().has_value());
  CHECK(store->value("before").value() == Bytes{1});
  REQUIRE(store->commit(big));
  CHECK(store->value("big").value().value().size() == 4u << 20);
}

TEST_CASE("forgetting a link can keep a copy elsewhere, private and fit to be opened") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path("live")}).value();
  Changes changes;
  changes.credentials = samples::credentials();
  REQUIRE(store->commit(changes));
  REQUIRE(store->forget_link(folder.path(".quarantine/live-1")));
  CHECK_FALSE(store->credentials().value().has_value());

  CHECK(mode_of(folder.path(".quarantine/live-1")) == 0700);
  CHECK(mode_of(folder.path(".quarantine/live-1/device.db")) == 0600);
  const auto copy = SqliteDeviceStore::open({folder.path(".quarantine/live-1")}).value();
  CHECK(copy->credentials().value().has_value());
}

TEST_CASE("a link whose copy cannot be made is not forgotten") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path("live")}).value();
  Changes changes;
  changes.credentials = samples::credentials();
  REQUIRE(store->commit(changes));
  std::ofstream(folder.path("in_the_way")) << "a file";
  CHECK(store->forget_link(folder.path("in_the_way/copy")).error().code == ErrorCode::kIo);
  CHECK(store->credentials().value().has_value());
}

TEST_CASE("forgetting a link leaves none of its keys in the file") {
  const TemporaryFolder folder;
  const auto store = SqliteDeviceStore::open({folder.path()}).value();
  Changes changes;
  changes.credentials = samples::credentials();
  REQUIRE(store->commit(changes));
  store->rest();
  const auto contains_key = [&] {
    std::ifstream file(folder.path("device.db"), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    return content.find(base::as_text(samples::credentials().identity.private_key.view())) !=
           std::string::npos;
  };
  CHECK(contains_key());
  REQUIRE(store->forget_link(std::nullopt));
  store->rest();
  CHECK_FALSE(contains_key());
}
