#include "edge_server/schema.h"

namespace edge_server {
namespace {

constexpr int kVersion = 2;

constexpr const char* kTables = R"sql(
CREATE TABLE instances (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, priority INTEGER NOT NULL, enabled INTEGER NOT NULL,
  pairing_phone TEXT NOT NULL, proxy_url TEXT NOT NULL, created_at INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'DISCONNECTED', qr_code TEXT NOT NULL DEFAULT '', qr TEXT NOT NULL DEFAULT '',
  qr_at INTEGER NOT NULL DEFAULT 0, pairing_code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
  reason_code INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
  next_retry_at TEXT NOT NULL DEFAULT '', jid TEXT NOT NULL DEFAULT '', lid TEXT NOT NULL DEFAULT '',
  push_name TEXT NOT NULL DEFAULT '', passkey TEXT NOT NULL DEFAULT '', status_at INTEGER NOT NULL DEFAULT 0);
CREATE INDEX instances_by_priority ON instances (priority DESC, id);

-- No foreign key: the fence outlives the instance.
CREATE TABLE locks (
  instance_id TEXT PRIMARY KEY, owner TEXT NOT NULL, token TEXT NOT NULL, fence INTEGER NOT NULL,
  expires_at INTEGER NOT NULL);

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  direction INTEGER NOT NULL, state INTEGER NOT NULL, chat TEXT NOT NULL, sender TEXT NOT NULL,
  sender_name TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, wa_id TEXT NOT NULL,
  receipt TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '',
  payload TEXT NOT NULL, created_at INTEGER NOT NULL, sent_at INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0, idempotency_key TEXT, request_hash TEXT, dedupe_key TEXT);
CREATE UNIQUE INDEX messages_by_idempotency ON messages (instance_id, idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX messages_by_dedupe ON messages (instance_id, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX messages_waiting ON messages (instance_id, seq) WHERE state IN (0, 1);
CREATE INDEX messages_by_instance ON messages (instance_id, seq);
CREATE INDEX messages_by_chat ON messages (instance_id, chat, seq);
CREATE INDEX messages_by_wa_id ON messages (instance_id, wa_id);

CREATE TABLE contacts (
  id TEXT PRIMARY KEY, instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  jid TEXT NOT NULL, push_name TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (instance_id, jid));

CREATE TABLE lid_map (
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  lid TEXT NOT NULL, pn TEXT NOT NULL, PRIMARY KEY (instance_id, lid)) WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  type TEXT NOT NULL, data TEXT NOT NULL, received_at INTEGER NOT NULL, UNIQUE (instance_id, id));

CREATE TABLE media (
  id TEXT PRIMARY KEY, instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  source_key TEXT NOT NULL, mime_type TEXT NOT NULL, file_name TEXT NOT NULL, size INTEGER NOT NULL,
  created_at INTEGER NOT NULL, UNIQUE (instance_id, source_key));

CREATE TABLE api_keys (hash TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;

PRAGMA user_version = 1;
)sql";

constexpr const char* kCommandsAndSettings = R"sql(
ALTER TABLE instances ADD COLUMN settings TEXT NOT NULL DEFAULT '';

CREATE TABLE commands (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
  instance_id TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
  name TEXT NOT NULL, args TEXT NOT NULL,
  state INTEGER NOT NULL,  -- 0 waiting, 1 succeeded, 2 failed
  result TEXT NOT NULL DEFAULT '', error_code TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, finished_at INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER NOT NULL DEFAULT 0);
CREATE INDEX commands_waiting ON commands (instance_id, seq) WHERE state = 0;

PRAGMA user_version = 2;
)sql";

}  // namespace

base::Result<void> bring_up_to_date(Database& database) {
  const auto upgrade = [&]() -> base::Result<void> {
    Statement ask(database, "PRAGMA user_version");
    const std::int64_t version = ask.next() ? ask.integer(0) : -1;
    WA_TRY_VOID(ask.result());
    if (version > kVersion)
      return base::fail(base::ErrorCode::kCorrupt, "the edge database was written by a newer version");
    if (version < 1) WA_TRY_VOID(database.execute(kTables));
    if (version < 2) WA_TRY_VOID(database.execute(kCommandsAndSettings));
    return {};
  };
  return in_transaction(database, upgrade);
}

}  // namespace edge_server
