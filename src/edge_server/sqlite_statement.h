// SQLite without ceremony: open a database, run a statement with values, read its rows.
//
//   Statement find(db, "SELECT name FROM instances WHERE id = ?");
//   find.bind(id);
//   while (find.next()) names.push_back(find.text(0));
//   WA_TRY_VOID(find.result());
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace edge_server {

class Database {
 public:
  /// Opens or creates the file: WAL, foreign keys on, 5 s busy time-out.
  static base::Result<Database> open(const std::string& path);

  base::Result<void> execute(const char* sql);
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }
  /// Rows changed by the statement before.
  [[nodiscard]] int changes() const { return sqlite3_changes(handle_.get()); }
  [[nodiscard]] base::Error error() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  /// Binds all parameters in their order.
  template <class... Values>
  Statement& bind(const Values&... values) {
    (bind_next(values), ...);
    return *this;
  }
  /// Moves to the next row. False at the end and on an error; result() tells which.
  bool next();
  base::Result<void> result() const;
  /// Runs to the end.
  base::Result<void> run();

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  void bind_next(std::string_view text);
  void bind_next(const std::string& text) { bind_next(std::string_view{text}); }
  void bind_next(const char* text) { bind_next(std::string_view{text}); }
  template <class Integer>
  requires std::is_integral_v<Integer>
  void bind_next(Integer value) {
    note(sqlite3_bind_int64(statement_, ++bound_, static_cast<std::int64_t>(value)));
  }
  template <class T>
  void bind_next(const std::optional<T>& value) {
    if (value) {
      bind_next(*value);
    } else {
      note(sqlite3_bind_null(statement_, ++bound_));
    }
  }
  void note(int code);

  Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int failure_ = SQLITE_OK;
};

/// Runs `work()`, which returns a Result: all of its changes are committed, or none when it fails.
template <class Work>
auto in_transaction(Database& database, Work work) -> std::invoke_result_t<Work> {
  // IMMEDIATE takes the write lock now: a read that a write depends on cannot grow stale in between.
  WA_TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  auto outcome = work();
  if (!outcome) {
    (void)database.execute("ROLLBACK");
    return outcome;
  }
  if (auto committed = database.execute("COMMIT"); !committed) {
    (void)database.execute("ROLLBACK");
    return base::fail(std::move(committed).error());
  }
  return outcome;
}

}  // namespace edge_server
