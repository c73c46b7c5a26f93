// The tables of an account's file and how they came to be. PRAGMA user_version counts the migrations that a
// file has seen; PRAGMA application_id says that the file is ours at all.
#pragma once

#include "base/result.h"
#include "whatsapp/store/sqlite_database.h"

namespace whatsapp::store {

inline constexpr int kApplicationId = 0x57416476;  // "WAdv"

/// The version that this program writes: the number of migrations.
int schema_version();

/// Brings a new or older file to schema_version() in one transaction. kInvalidArgument when a newer program
/// wrote the file; kCorrupt when it is some other program's database.
base::Result<void> migrate(SqliteDatabase& database);

}  // namespace whatsapp::store
