// Writes a batch of changes, inside a transaction that the caller holds.
#pragma once

#include "whatsapp/store/device_store.h"
#include "whatsapp/store/sqlite_database.h"

namespace whatsapp::store {

Result<void> write_changes(SqliteDatabase& database, const Changes& changes);

/// Deletes what belongs to the link and empties the journal's stanzas; the journal and the spool stay.
Result<void> delete_link(SqliteDatabase& database);

Result<void> delete_expired(SqliteDatabase& database, UnixSeconds now);

}  // namespace whatsapp::store
