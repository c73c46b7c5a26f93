#include "whatsapp/store/account_walk.h"

#include "whatsapp/store/sqlite_database.h"
#include "whatsapp/store/sqlite_rows.h"

namespace whatsapp::store {
namespace {

constexpr std::int64_t kPage = 256;

signal::Address address(SqliteRow row, int first) {
  const auto domain = row.number<std::uint8_t>(first + 1);
  const bool known = domain <= 1 || domain == 128 || domain == 129;
  if (!known) row.note_malformed();
  return {row.text(first), static_cast<signal::Domain>(domain), row.number<std::uint16_t>(first + 2)};
}

struct SessionPageRow {
  std::int64_t at = 0;
  signal::Address address;
  Bytes record;
};

Result<void> walk_sessions(SqliteDatabase& db, const AccountVisitor& visitor) {
  const auto read = [](SqliteRow row) {
    return SessionPageRow{row.integer(0), address(row, 1), row.blob(4)};
  };
  for (std::int64_t after = 0;;) {
    WA_TRY(
        const auto page,
        db.find_all(
            "SELECT rowid, user, domain, device, record FROM session WHERE rowid > ? ORDER BY rowid LIMIT ?",
            read, after, kPage));
    if (page.empty()) return {};
    for (const auto& row : page) WA_TRY_VOID(visitor.session(row.address, row.record));
    after = page.back().at;
  }
}

struct SenderKeyPageRow {
  std::int64_t at = 0;
  std::string chat;
  signal::Address address;
  Bytes record;
};

Result<void> walk_sender_keys(SqliteDatabase& db, const AccountVisitor& visitor) {
  const auto read = [](SqliteRow row) {
    return SenderKeyPageRow{row.integer(0), row.text(1), address(row, 2), row.blob(5)};
  };
  for (std::int64_t after = 0;;) {
    WA_TRY(const auto page, db.find_all("SELECT rowid, chat, user, domain, device, record FROM sender_key "
                                        "WHERE rowid > ? ORDER BY rowid LIMIT ?",
                                        read, after, kPage));
    if (page.empty()) return {};
    for (const auto& row : page) WA_TRY_VOID(visitor.sender_key(row.chat, row.address, row.record));
    after = page.back().at;
  }
}

Result<void> walk_identities(SqliteDatabase& db, const AccountVisitor& visitor) {
  const auto read = [](SqliteRow row) {
    return std::pair{address(row, 0), IdentityRow{row.fixed<32>(3), row.integer(4)}};
  };
  signal::Address after;
  for (;;) {
    WA_TRY(const auto page,
           db.find_all("SELECT user, domain, device, key, updated_at FROM identity "
                       "WHERE (user, domain, device) > (?, ?, ?) ORDER BY user, domain, device LIMIT ?",
                       read, after.user, after.domain, after.device, kPage));
    if (page.empty()) return {};
    for (const auto& [owner, row] : page) WA_TRY_VOID(visitor.identity(owner, row));
    after = page.back().first;
  }
}

Result<void> walk_pre_keys(SqliteDatabase& db, const AccountVisitor& visitor) {
  for (std::uint32_t after = 0;;) {
    WA_TRY(const auto page,
           db.find_all("SELECT id, private, public, upload FROM pre_key WHERE id > ? ORDER BY id LIMIT ?",
                       rows::pre_key, after, kPage));
    if (page.empty()) return {};
    for (const auto& row : page) WA_TRY_VOID(visitor.pre_key(row));
    after = page.back().key.id;
  }
}

Result<void> walk_lid_mappings(SqliteDatabase& db, const AccountVisitor& visitor) {
  const auto read = [](SqliteRow row) { return LidMapping{row.text(0), row.text(1)}; };
  for (std::string after;;) {
    WA_TRY(const auto page, db.find_all("SELECT pn_user, lid_user FROM lid_mapping WHERE pn_user > ? "
                                        "ORDER BY pn_user LIMIT ?",
                                        read, after, kPage));
    if (page.empty()) return {};
    for (const auto& row : page) WA_TRY_VOID(visitor.lid_mapping(row));
    after = page.back().pn_user;
  }
}

}  // namespace

Result<void> walk_account(SqliteDatabase& database, const AccountVisitor& visitor) {
  WA_TRY_VOID(walk_lid_mappings(database, visitor));
  WA_TRY_VOID(walk_pre_keys(database, visitor));
  WA_TRY_VOID(walk_identities(database, visitor));
  WA_TRY_VOID(walk_sessions(database, visitor));
  return walk_sender_keys(database, visitor);
}

}  // namespace whatsapp::store
