// The tables of the edge's SQLite file, and how an older file becomes a current one.
#pragma once

#include "base/result.h"
#include "edge_server/sqlite_statement.h"

namespace edge_server {

/// kCorrupt when the file was written by a newer version.
base::Result<void> bring_up_to_date(Database& database);

}  // namespace edge_server
