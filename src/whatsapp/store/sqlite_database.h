// A thin, typed door to one SQLite file: statements are prepared once and kept, arguments are bound by
// type, every failure is a base::Error with a sentence. One thread at a time.
//
//   WA_TRY(auto record, db.find_one("SELECT record FROM session WHERE user = ?", read_blob, user));
#pragma once

#include <sqlite3.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::store {

/// The row a query stands on. Valid until the next one; copy what is kept. A value that cannot be ours (a key
/// of 31 bytes, a number that does not fit) is noted, and the whole query then fails with kCorrupt.
class SqliteRow {
 public:
  SqliteRow(sqlite3_stmt* statement, bool& malformed) : statement_(statement), malformed_(malformed) {}

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  template <std::unsigned_integral T>
  [[nodiscard]] T number(int column) const {
    const std::int64_t value = integer(column);
    if (!std::in_range<T>(value)) note_malformed();
    return static_cast<T>(value);
  }
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] base::Bytes blob(int column) const;
  [[nodiscard]] base::ByteView blob_view(int column) const;
  template <std::size_t N>
  [[nodiscard]] base::FixedBytes<N> fixed(int column) const {
    const base::ByteView view = blob_view(column);
    if (view.size() != N) note_malformed();
    return base::to_fixed<N>(view);
  }
  void note_malformed() const { malformed_ = true; }

 private:
  sqlite3_stmt* statement_;
  bool& malformed_;
};

enum class Durability {
  kFull,    // a commit survives power loss
  kNormal,  // a commit survives the process; power loss may undo the last ones, never tear one
};

class SqliteDatabase {
 public:
  /// Opens an existing file for this process alone (an empty one counts). kIo, kCorrupt (not a database).
  static base::Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path, Durability durability);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// A statement without rows. `sql` must be a literal: it is the key of the statement cache.
  template <class... Args>
  base::Result<void> execute(std::string_view sql, const Args&... args) {
    WA_TRY(sqlite3_stmt * statement, prepared(sql));
    const Reset reset{statement};
    bind_all(statement, args...);
    WA_TRY_VOID(step(statement));
    return {};
  }

  /// read(SqliteRow) of the first row.
  template <class Read, class... Args>
  auto find_one(std::string_view sql, Read read, const Args&... args)
      -> base::Result<std::optional<std::invoke_result_t<Read, SqliteRow>>> {
    WA_TRY(sqlite3_stmt * statement, prepared(sql));
    const Reset reset{statement};
    bind_all(statement, args...);
    WA_TRY(const bool found, step(statement));
    if (!found) return std::nullopt;
    bool malformed = false;
    std::optional value(read(SqliteRow{statement, malformed}));
    if (malformed) return base::fail(malformed_row());
    return value;
  }

  /// read(SqliteRow) of every row; the query bounds their number.
  template <class Read, class... Args>
  auto find_all(std::string_view sql, Read read, const Args&... args)
      -> base::Result<std::vector<std::invoke_result_t<Read, SqliteRow>>> {
    std::vector<std::invoke_result_t<Read, SqliteRow>> rows;
    WA_TRY(sqlite3_stmt * statement, prepared(sql));
    const Reset reset{statement};
    bind_all(statement, args...);
    bool malformed = false;
    while (!malformed) {
      WA_TRY(const bool found, step(statement));
      if (!found) return rows;
      rows.push_back(read(SqliteRow{statement, malformed}));
    }
    return base::fail(malformed_row());
  }

  /// Several statements, uncached: schema and settings.
  base::Result<void> run_script(const char* sql);
  /// Runs `work()` between BEGIN IMMEDIATE and COMMIT; rolls back when it, or the commit, fails.
  base::Result<void> in_transaction(const std::function<base::Result<void>()>& work);

  /// Reads the whole file and checks its structure. kCorrupt.
  base::Result<void> quick_check();

  /// SQLite itself said that the file is damaged or no database.
  [[nodiscard]] bool is_damaged() const { return damaged_; }
  /// The file was damaged: do not write into it when closing.
  void leave_untouched();

 private:
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    }
  };

  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}
  base::Result<sqlite3_stmt*> prepared(std::string_view sql);
  /// True: on a row. False: done.
  base::Result<bool> step(sqlite3_stmt* statement);
  base::Error failure(int code);
  static base::Error malformed_row();

  // Bound without a copy: the arguments outlive the statement's execution.
  static void bind(sqlite3_stmt* statement, int at, std::int64_t value);
  static void bind(sqlite3_stmt* statement, int at, std::string_view value);
  static void bind(sqlite3_stmt* statement, int at, base::ByteView value);
  static void bind(sqlite3_stmt* statement, int at, std::nullptr_t);
  template <class T>
  static void bind_one(sqlite3_stmt* statement, int at, const T& value) {
    if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
      bind(statement, at, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      bind(statement, at, std::string_view{value});
    } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
      bind(statement, at, nullptr);
    } else {
      bind(statement, at, base::ByteView{value});
    }
  }
  template <class... Args>
  static void bind_all([[maybe_unused]] sqlite3_stmt* statement, const Args&... args) {
    [[maybe_unused]] int at = 0;
    (bind_one(statement, ++at, args), ...);
  }

  sqlite3* handle_;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;
  bool damaged_ = false;
};

}  // namespace whatsapp::store
