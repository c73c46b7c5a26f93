#include "whatsapp/store/schema.h"

#include <fmt/format.h>

#include <array>

namespace whatsapp::store {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

// Rows with large blobs that are rewritten at every message (session, sender_key) are ordinary tables: only
// the row's page changes, never the index. Small rows live in their primary key's tree.
constexpr const char* kFirst = R"(
CREATE TABLE device (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  noise_private BLOB NOT NULL, noise_public BLOB NOT NULL,
  identity_private BLOB NOT NULL, identity_public BLOB NOT NULL,
  registration_id INTEGER NOT NULL,
  signed_pre_key_id INTEGER NOT NULL,
  signed_pre_key_private BLOB NOT NULL, signed_pre_key_public BLOB NOT NULL,
  signed_pre_key_signature BLOB NOT NULL, signed_pre_key_created_at INTEGER NOT NULL,
  adv_secret BLOB NOT NULL,
  next_pre_key_id INTEGER NOT NULL, login_count INTEGER NOT NULL, routing_info BLOB NOT NULL,
  paired_at INTEGER,  -- NULL: not linked, and so are the columns below
  pn TEXT, lid TEXT, account_identity BLOB, platform TEXT, business_name TEXT, push_name TEXT
);
CREATE TABLE session (
  user TEXT NOT NULL, domain INTEGER NOT NULL, device INTEGER NOT NULL, record BLOB NOT NULL,
  UNIQUE (user, domain, device)
);
CREATE TABLE identity (
  user TEXT NOT NULL, domain INTEGER NOT NULL, device INTEGER NOT NULL,
  key BLOB NOT NULL, updated_at INTEGER NOT NULL,
  PRIMARY KEY (user, domain, device)
) WITHOUT ROWID;
CREATE TABLE pre_key (
  id INTEGER PRIMARY KEY, private BLOB NOT NULL, public BLOB NOT NULL,
  upload INTEGER NOT NULL  -- 0 pending, 1 confirmed, 2 handed out in a retry receipt
);
CREATE INDEX pre_key_pending ON pre_key (id) WHERE upload = 0;
CREATE TABLE signed_pre_key (
  id INTEGER PRIMARY KEY, private BLOB NOT NULL, public BLOB NOT NULL, signature BLOB NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TABLE sender_key (
  chat TEXT NOT NULL, user TEXT NOT NULL, domain INTEGER NOT NULL, device INTEGER NOT NULL,
  record BLOB NOT NULL,
  UNIQUE (chat, user, domain, device)
);
CREATE TABLE lid_mapping (
  pn_user TEXT PRIMARY KEY, lid_user TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE TABLE device_list (
  user TEXT PRIMARY KEY, devices BLOB NOT NULL, fetched_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE sent_message (
  id TEXT NOT NULL UNIQUE, chat TEXT NOT NULL, payload BLOB NOT NULL, type TEXT NOT NULL, edit TEXT NOT NULL,
  sent_at INTEGER NOT NULL
);
CREATE TABLE seen_message (
  chat TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL, seen_at INTEGER NOT NULL,
  PRIMARY KEY (chat, sender, id)
) WITHOUT ROWID;
CREATE TABLE retry_counter (
  key TEXT PRIMARY KEY, count INTEGER NOT NULL, base_key BLOB NOT NULL, updated_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE outbound (
  queue_id TEXT NOT NULL UNIQUE, wa_message_id TEXT NOT NULL,
  state INTEGER NOT NULL,  -- 0 claimed, 1 sending, 2 sent, 3 failed, 4 marked, 5 unmarkable
  to_original TEXT NOT NULL, to_normalized TEXT NOT NULL, payload BLOB NOT NULL, stanza BLOB NOT NULL,
  error TEXT NOT NULL, debug TEXT NOT NULL, position INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE INDEX outbound_message ON outbound (wa_message_id);
CREATE INDEX outbound_unmarked ON outbound (position) WHERE state < 4;
CREATE TABLE inbound (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  chat TEXT NOT NULL, message_id TEXT NOT NULL, payload BLOB NOT NULL, received_at INTEGER NOT NULL
);
CREATE TABLE value (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)";

constexpr const char* kRecordsAndEvents = R"(
CREATE TABLE record (
  kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, expires_at INTEGER NOT NULL,  -- 0: never
  PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX record_expiry ON record (expires_at) WHERE expires_at > 0;
CREATE TABLE event (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL, happened_at INTEGER NOT NULL
);
)";

// One entry per version, oldest first. Never change one that has shipped: add the next.
constexpr std::array kMigrations = {kFirst, kRecordsAndEvents};

Result<std::int64_t> pragma(SqliteDatabase& database, const char* query) {
  const auto read = [](SqliteRow row) { return row.integer(0); };
  WA_TRY(const auto value, database.find_one(query, read));
  return value.value_or(0);
}

Result<void> apply(SqliteDatabase& database, std::int64_t from) {
  for (auto version = static_cast<std::size_t>(from); version < kMigrations.size(); ++version)
    WA_TRY_VOID(database.run_script(kMigrations[version]));
  const auto stamp =
      fmt::format("PRAGMA user_version = {}; PRAGMA application_id = {}", kMigrations.size(), kApplicationId);
  return database.run_script(stamp.c_str());
}

}  // namespace

int schema_version() { return static_cast<int>(kMigrations.size()); }

Result<void> migrate(SqliteDatabase& database) {
  WA_TRY(const auto application, pragma(database, "PRAGMA application_id"));
  WA_TRY(const auto version, pragma(database, "PRAGMA user_version"));
  WA_TRY(const auto objects, pragma(database, "SELECT count(*) FROM sqlite_schema"));
  const bool is_new = application == 0 && version == 0 && objects == 0;
  if (!is_new && application != kApplicationId)
    return fail(ErrorCode::kCorrupt, "the file is a database, but not one of this program");
  if (version > schema_version())
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("the file was written by a newer version of this program (schema {}, this one knows {}): "
                    "start that version again",
                    version, schema_version()));
  if (version == schema_version()) return {};
  const auto work = [&] { return apply(database, version); };
  return database.in_transaction(work);
}

}  // namespace whatsapp::store
