#include "edge_server/sqlite_edge_store.h"

#include "edge_server/schema.h"

namespace edge_server {

using base::ErrorCode;
using base::fail;

Result<std::unique_ptr<SqliteEdgeStore>> SqliteEdgeStore::open(const std::string& path) {
  WA_TRY(auto database, Database::open(path));
  WA_TRY_VOID(bring_up_to_date(database));
  return std::unique_ptr<SqliteEdgeStore>(new SqliteEdgeStore(std::move(database)));
}

Result<void> SqliteEdgeStore::require_change(std::string_view what) {
  if (database_.changes() > 0) return {};
  return fail(ErrorCode::kNotFound, std::string{"no such "}.append(what));
}

// ---- events, media, keys ------------------------------------------------------------------------------

Result<void> SqliteEdgeStore::add_events(const std::vector<EventRecord>& events) {
  const auto work = [&]() -> Result<void> {
    for (const auto& event : events) {
      // Events of an instance that is gone are of no use to anybody.
      Statement add(database_,
                    "INSERT OR IGNORE INTO events (id, instance_id, type, data, received_at) "
                    "SELECT ?1, id, ?3, ?4, ?5 FROM instances WHERE id = ?2");
      add.bind(event.id, event.instance_id, event.type, event.data_json, event.received_at);
      WA_TRY_VOID(add.run());
    }
    return {};
  };
  return in_transaction(database_, work);
}

Result<std::vector<EventRecord>> SqliteEdgeStore::events(std::string_view instance_id, std::int64_t after_seq,
                                                         std::size_t limit) {
  Statement find(database_,
                 "SELECT seq, id, type, data, received_at FROM events "
                 "WHERE instance_id = ? AND seq > ? ORDER BY seq LIMIT ?");
  find.bind(instance_id, after_seq, limit);
  std::vector<EventRecord> out;
  while (find.next())
    out.push_back({find.integer(0), find.text(1), std::string{instance_id}, find.text(2), find.text(3),
                   find.integer(4)});
  WA_TRY_VOID(find.result());
  return out;
}

namespace {

constexpr std::string_view kMediaColumns =
    "SELECT id, instance_id, source_key, mime_type, file_name, size, created_at FROM media ";

MediaRecord media_row(const Statement& row) {
  return {row.text(0),   row.text(1), row.text(2),
          row.text(3),   row.text(4), static_cast<std::uint64_t>(row.integer(5)),
          row.integer(6)};
}

}  // namespace

Result<MediaRecord> SqliteEdgeStore::add_media(const MediaRecord& media) {
  const auto work = [&]() -> Result<MediaRecord> {
    Statement add(database_,
                  "INSERT INTO media (id, instance_id, source_key, mime_type, file_name, size, created_at) "
                  "SELECT ?1, id, ?3, ?4, ?5, ?6, ?7 FROM instances WHERE id = ?2 "
                  "ON CONFLICT (instance_id, source_key) DO NOTHING");
    add.bind(media.id, media.instance_id, media.source_key, media.mime_type, media.file_name, media.size,
             media.created_at);
    WA_TRY_VOID(add.run());
    Statement find(database_, std::string{kMediaColumns} + "WHERE instance_id = ? AND source_key = ?");
    find.bind(media.instance_id, media.source_key);
    if (find.next()) return media_row(find);
    WA_TRY_VOID(find.result());
    return fail(ErrorCode::kNotFound, "no such instance");
  };
  return in_transaction(database_, work);
}

Result<MediaRecord> SqliteEdgeStore::media(std::string_view id) {
  Statement find(database_, std::string{kMediaColumns} + "WHERE id = ?");
  find.bind(id);
  if (find.next()) return media_row(find);
  WA_TRY_VOID(find.result());
  return fail(ErrorCode::kNotFound, "no such media");
}

Result<void> SqliteEdgeStore::add_api_key(std::string_view hash, std::string_view name, Millis now) {
  Statement add(database_, "INSERT OR IGNORE INTO api_keys (hash, name, created_at) VALUES (?, ?, ?)");
  return add.bind(hash, name, now).run();
}

Result<bool> SqliteEdgeStore::has_api_key(std::string_view hash) {
  Statement find(database_, "SELECT 1 FROM api_keys WHERE hash = ?");
  const bool found = find.bind(hash).next();
  WA_TRY_VOID(find.result());
  return found;
}

Result<bool> SqliteEdgeStore::has_any_api_key() {
  Statement find(database_, "SELECT 1 FROM api_keys LIMIT 1");
  const bool found = find.next();
  WA_TRY_VOID(find.result());
  return found;
}

Result<void> SqliteEdgeStore::purge(Millis messages_before, Millis events_before) {
  const auto work = [&]() -> Result<void> {
    Statement messages(database_, "DELETE FROM messages WHERE state NOT IN (0, 1) AND created_at < ?");
    WA_TRY_VOID(messages.bind(messages_before).run());
    Statement events(database_, "DELETE FROM events WHERE received_at < ?");
    WA_TRY_VOID(events.bind(events_before).run());
    Statement commands(database_, "DELETE FROM commands WHERE created_at < ?");
    return commands.bind(events_before).run();
  };
  return in_transaction(database_, work);
}

}  // namespace edge_server
