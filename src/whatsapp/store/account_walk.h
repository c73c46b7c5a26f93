// Everything that makes an account's link, row by row, for whoever hands the account over to another program.
// Read in pages, so that a large account needs no large memory.
#pragma once

#include <functional>
#include <string>

#include "whatsapp/store/device_store.h"

namespace whatsapp::store {

class SqliteDatabase;

/// Called for each row; an error ends the walk with that error.
struct AccountVisitor {
  std::function<Result<void>(const signal::Address&, const Bytes& record)> session;
  std::function<Result<void>(const signal::Address&, const IdentityRow&)> identity;
  std::function<Result<void>(const PreKeyRow&)> pre_key;
  std::function<Result<void>(const std::string& chat, const signal::Address&, const Bytes& record)>
      sender_key;
  std::function<Result<void>(const LidMapping&)> lid_mapping;
};

Result<void> walk_account(SqliteDatabase& database, const AccountVisitor& visitor);

}  // namespace whatsapp::store
