#include "whatsapp/store/sqlite_database.h"

#include <mutex>

namespace whatsapp::store {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// Thousands of accounts are open at a time, so each handle is kept small: 64 KiB of page cache, no
// look-aside arena, no memory map. EXCLUSIVE keeps the WAL index on our heap (no -shm file) and other
// programs out while we live.
constexpr const char* kSettings = R"(
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA cache_size = -64;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA secure_delete = FAST;
  PRAGMA wal_autocheckpoint = 256;
  PRAGMA journal_size_limit = 1048576;
)";
constexpr int kBusyTimeoutMs = 5'000;

/// For the whole process, before its first database: pages are allocated when they are needed instead of
/// twenty at once, and no global counter is locked at each allocation. Without effect, and harmless, when
/// somebody else has started SQLite already.
void keep_handles_small() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

bool says_damaged(int code) { return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB; }

base::Error to_error(int code, const std::string& detail) {
  if (says_damaged(code)) return {ErrorCode::kCorrupt, "the database file is damaged: " + detail, code};
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::kIo, "the disk is full", code};
    case SQLITE_READONLY:
      return {ErrorCode::kIo, "the database file or its folder is read-only", code};
    case SQLITE_CANTOPEN:
      return {ErrorCode::kIo, "the database file cannot be opened: " + detail, code};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kUnavailable, "the database file is in use by another program", code};
    default:
      return {ErrorCode::kIo, "the database file cannot be read or written: " + detail, code};
  }
}

}  // namespace

bool SqliteRow::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t SqliteRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteRow::text(int column) const { return base::to_string(blob_view(column)); }

base::Bytes SqliteRow::blob(int column) const { return base::to_bytes(blob_view(column)); }

base::ByteView SqliteRow::blob_view(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  return {data, data == nullptr ? 0 : static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path, Durability durability) {
  keep_handles_small();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int opened = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle));
  if (opened != SQLITE_OK) return fail(to_error(opened, sqlite3_errstr(opened)));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, 0, 0);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  WA_TRY_VOID(database->run_script(kSettings));
  WA_TRY_VOID(database->run_script(durability == Durability::kFull ? "PRAGMA synchronous = FULL"
                                                                   : "PRAGMA synchronous = NORMAL"));
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);  // the last checkpoint happens here; the WAL file goes
}

void SqliteDatabase::leave_untouched() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

base::Error SqliteDatabase::failure(int code) {
  damaged_ = damaged_ || says_damaged(code);
  return to_error(code, sqlite3_errmsg(handle_));
}

base::Error SqliteDatabase::malformed_row() {
  return {ErrorCode::kCorrupt, "a stored value is not what this program writes"};
}

Result<sqlite3_stmt*> SqliteDatabase::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(failure(code));
  statements_.emplace(sql, statement);
  return statement;
}

Result<bool> SqliteDatabase::step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(failure(code));
}

Result<void> SqliteDatabase::run_script(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(failure(code));
  return {};
}

Result<void> SqliteDatabase::in_transaction(const std::function<Result<void>()>& work) {
  WA_TRY_VOID(execute("BEGIN IMMEDIATE"));
  Result<void> done = work();
  if (done) done = execute("COMMIT");
  // After some failures SQLite has rolled back by itself.
  if (!done && sqlite3_get_autocommit(handle_) == 0) (void)execute("ROLLBACK");
  return done;
}

Result<void> SqliteDatabase::quick_check() {
  const auto read = [](SqliteRow row) { return row.text(0); };
  WA_TRY(const auto verdict, find_one("PRAGMA quick_check(1)", read));
  if (verdict == "ok") return {};
  damaged_ = true;
  return fail(ErrorCode::kCorrupt, "the database file is damaged: " + verdict.value_or("no verdict"));
}

void SqliteDatabase::bind(sqlite3_stmt* statement, int at, std::int64_t value) {
  sqlite3_bind_int64(statement, at, value);
}

void SqliteDatabase::bind(sqlite3_stmt* statement, int at, std::string_view value) {
  sqlite3_bind_text64(statement, at, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
}

void SqliteDatabase::bind(sqlite3_stmt* statement, int at, base::ByteView value) {
  // A null pointer would bind NULL: an empty blob is a value.
  static constexpr std::uint8_t kEmpty = 0;
  sqlite3_bind_blob64(statement, at, value.empty() ? &kEmpty : value.data(), value.size(), SQLITE_STATIC);
}

void SqliteDatabase::bind(sqlite3_stmt* statement, int at, std::nullptr_t) {
  sqlite3_bind_null(statement, at);
}

}  // namespace whatsapp::store
