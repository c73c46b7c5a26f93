#include "edge_server/sqlite_statement.h"

namespace edge_server {

using base::ErrorCode;
using base::Result;

Result<Database> Database::open(const std::string& path) {
  Database database;
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  database.handle_.reset(handle);
  if (code != SQLITE_OK) return base::fail(database.error().within("open " + path));
  sqlite3_busy_timeout(handle, 5'000);
  WA_TRY_VOID(database.execute("PRAGMA journal_mode = WAL"));
  WA_TRY_VOID(database.execute("PRAGMA synchronous = FULL"));
  WA_TRY_VOID(database.execute("PRAGMA foreign_keys = ON"));
  return database;
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return base::fail(error());
  return {};
}

base::Error Database::error() const {
  const int code = sqlite3_errcode(handle_.get());
  const bool corrupt = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return {corrupt ? ErrorCode::kCorrupt : ErrorCode::kIo,
          std::string{"edge database: "} + sqlite3_errmsg(handle_.get()), code};
}

Statement::Statement(Database& database, std::string_view sql) : database_(database) {
  note(sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

void Statement::bind_next(std::string_view text) {
  note(sqlite3_bind_text(statement_, ++bound_, text.data() == nullptr ? "" : text.data(),
                         static_cast<int>(text.size()), SQLITE_TRANSIENT));
}

void Statement::note(int code) {
  if (failure_ == SQLITE_OK) failure_ = code;
}

bool Statement::next() {
  if (failure_ != SQLITE_OK) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) failure_ = code;
  return false;
}

Result<void> Statement::result() const {
  if (failure_ != SQLITE_OK) return base::fail(database_.error());
  return {};
}

Result<void> Statement::run() {
  while (next()) {
  }
  return result();
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace edge_server
