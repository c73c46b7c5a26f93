#include "edge_server/sqlite_edge_store.h"

namespace edge_server {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kCommandColumns =
    "SELECT id, instance_id, name, args, state, result, error_code, error, created_at, finished_at "
    "FROM commands ";
constexpr std::size_t kMostWaiting = 100;
constexpr Millis kCommandLease = 30'000;

Command command_row(const Statement& row) {
  return {row.text(0), row.text(1), row.text(2), row.text(3),    static_cast<Command::State>(row.integer(4)),
          row.text(5), row.text(6), row.text(7), row.integer(8), row.integer(9)};
}

}  // namespace

Result<void> SqliteEdgeStore::add_command(const Command& command) {
  const auto work = [&]() -> Result<void> {
    WA_TRY_VOID(instance(command.instance_id));
    Statement count(database_, "SELECT count(*) FROM commands WHERE instance_id = ? AND state = 0");
    if (count.bind(command.instance_id).next() && count.integer(0) >= static_cast<std::int64_t>(kMostWaiting))
      return fail(ErrorCode::kConflict, "too many commands wait for this instance");
    Statement add(database_,
                  "INSERT INTO commands (id, instance_id, name, args, state, created_at) "
                  "VALUES (?, ?, ?, ?, 0, ?)");
    return add.bind(command.id, command.instance_id, command.name, command.args_json, command.created_at)
        .run();
  };
  return in_transaction(database_, work);
}

Result<std::vector<Command>> SqliteEdgeStore::take_commands(std::string_view instance_id, Millis now) {
  std::vector<Command> out;
  Statement find(database_,
                 std::string{kCommandColumns} +
                     "WHERE instance_id = ? AND state = 0 AND created_at >= ? AND lease_until <= ? "
                     "ORDER BY seq LIMIT ?");
  find.bind(instance_id, now - kCommandLife, now, kMostWaiting);
  while (find.next()) out.push_back(command_row(find));
  WA_TRY_VOID(find.result());
  if (out.empty()) return out;
  const auto work = [&]() -> Result<void> {
    for (const auto& command : out) {
      Statement lease(database_, "UPDATE commands SET lease_until = ? WHERE id = ?");
      WA_TRY_VOID(lease.bind(now + kCommandLease, command.id).run());
    }
    return {};
  };
  WA_TRY_VOID(in_transaction(database_, work));
  return out;
}

Result<Command> SqliteEdgeStore::command(std::string_view id) {
  Statement find(database_, std::string{kCommandColumns} + "WHERE id = ?");
  if (find.bind(id).next()) return command_row(find);
  WA_TRY_VOID(find.result());
  return fail(ErrorCode::kNotFound, "no such command");
}

Result<void> SqliteEdgeStore::finish_command(const CommandEnd& end) {
  const auto work = [&]() -> Result<void> {
    WA_TRY_VOID(command(end.command_id));
    const auto state = end.error_code.empty() ? Command::State::kSucceeded : Command::State::kFailed;
    Statement update(database_,
                     "UPDATE commands SET state = ?2, result = ?3, error_code = ?4, error = ?5, "
                     "finished_at = ?6 WHERE id = ?1 AND state = 0");
    return update
        .bind(end.command_id, static_cast<int>(state), end.result_json, end.error_code, end.error, end.now)
        .run();
  };
  return in_transaction(database_, work);
}

}  // namespace edge_server
