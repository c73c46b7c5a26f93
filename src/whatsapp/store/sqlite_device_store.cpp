#include "whatsapp/store/sqlite_device_store.h"

#include "base/clock.h"
#include "whatsapp/store/schema.h"
#include "whatsapp/store/sqlite_commit.h"
#include "whatsapp/store/sqlite_rows.h"

namespace whatsapp::store {

using base::ErrorCode;
using base::fail;

SqliteDeviceStore::SqliteDeviceStore(StoreFolder folder, Durability durability)
    : folder_(std::move(folder)), durability_(durability) {}

SqliteDeviceStore::~SqliteDeviceStore() = default;

// ---- opening, resting, failing --------------------------------------------------------------------

Result<std::unique_ptr<SqliteDeviceStore>> SqliteDeviceStore::open(OpenSettings settings) {
  WA_TRY(auto folder, StoreFolder::claim(std::move(settings.directory)));
  std::unique_ptr<SqliteDeviceStore> store(new SqliteDeviceStore(std::move(folder), settings.durability));
  WA_TRY_VOID(store->folder_.ensure_file());
  WA_TRY_VOID(store->open_file(Check::kAfterUncleanEnd));
  return store;
}

Result<void> SqliteDeviceStore::open_file(Check check) {
  const bool left_open = folder_.left_open();
  auto opened = SqliteDatabase::open(folder_.file(), durability_);
  if (!opened && opened.error().code == ErrorCode::kCorrupt) return fail(set_aside(opened.error()));
  if (!opened) return fail(std::move(opened).error());
  database_ = *std::move(opened);

  Result<void> usable = migrate(*database_);
  if (usable && check == Check::kAfterUncleanEnd && left_open) usable = database_->quick_check();
  if (usable) return {};
  if (usable.error().code == ErrorCode::kCorrupt) return fail(set_aside(usable.error()));
  database_.reset();
  return usable;
}

void SqliteDeviceStore::rest() { database_.reset(); }

Error SqliteDeviceStore::set_aside(const Error& cause) {
  if (database_) database_->leave_untouched();
  database_.reset();
  // The clock only gives the file its name.
  auto aside = folder_.quarantine(cause.message, base::SystemClock{}.unix_seconds());
  damage_ =
      Error{ErrorCode::kCorrupt, aside ? *aside : cause.message + "; " + aside.error().message, cause.detail};
  return *damage_;
}

Error SqliteDeviceStore::after(Error error) {
  if (database_ && database_->is_damaged()) return set_aside(error);
  // What SQLite still holds in memory may not match the disk any more: begin afresh at the next call.
  if (error.code == ErrorCode::kIo || error.code == ErrorCode::kUnavailable) database_.reset();
  return error;
}

template <class Work>
std::invoke_result_t<Work, SqliteDatabase&> SqliteDeviceStore::use(Work work) {
  if (damage_) return fail(*damage_);
  if (!database_) WA_TRY_VOID(open_file(Check::kNone));
  auto result = work(*database_);
  if (!result) return fail(after(std::move(result).error()));
  return result;
}

// ---- writing --------------------------------------------------------------------------------------

Result<void> SqliteDeviceStore::commit(const Changes& changes) {
  if (changes.empty()) return {};
  return use(
      [&](SqliteDatabase& db) { return db.in_transaction([&] { return write_changes(db, changes); }); });
}

Result<void> SqliteDeviceStore::purge(UnixSeconds now) {
  return use([&](SqliteDatabase& db) { return db.in_transaction([&] { return delete_expired(db, now); }); });
}

Result<void> SqliteDeviceStore::forget_link(const std::optional<std::string>& copy_to) {
  return use([&](SqliteDatabase& db) -> Result<void> {
    if (copy_to) {
      WA_TRY(const auto copy, StoreFolder::make_empty_file_in(*copy_to));
      WA_TRY_VOID(db.execute("VACUUM INTO ?", copy));
    }
    // Keys are overwritten, not only unlinked, and leave the log too.
    WA_TRY_VOID(db.run_script("PRAGMA secure_delete = ON"));
    WA_TRY_VOID(db.in_transaction([&] { return delete_link(db); }));
    return db.run_script("PRAGMA secure_delete = FAST; PRAGMA wal_checkpoint(TRUNCATE)");
  });
}

Result<void> SqliteDeviceStore::walk(const AccountVisitor& visitor) {
  return use([&](SqliteDatabase& db) { return walk_account(db, visitor); });
}

// ---- reading: the device and its Signal state -----------------------------------------------------

Result<std::optional<DeviceCredentials>> SqliteDeviceStore::credentials() {
  return use([](SqliteDatabase& db) { return db.find_one(rows::kSelectDevice, rows::credentials); });
}

Result<std::optional<Bytes>> SqliteDeviceStore::session(const signal::Address& address) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT record FROM session WHERE user = ? AND domain = ? AND device = ?", rows::blob,
                       address.user, address.domain, address.device);
  });
}

Result<std::vector<std::optional<Bytes>>> SqliteDeviceStore::sessions(
    std::span<const signal::Address> addresses) {
  std::vector<std::optional<Bytes>> found;
  found.reserve(addresses.size());
  for (const auto& address : addresses) {
    WA_TRY(auto record, session(address));
    found.push_back(std::move(record));
  }
  return found;
}

Result<std::vector<signal::Address>> SqliteDeviceStore::session_addresses(const std::string& user,
                                                                          signal::Domain domain) {
  return use([&](SqliteDatabase& db) {
    const auto read = [&](SqliteRow row) {
      return signal::Address{user, domain, row.number<std::uint16_t>(0)};
    };
    return db.find_all("SELECT device FROM session WHERE user = ? AND domain = ? ORDER BY device", read, user,
                       domain);
  });
}

Result<std::optional<IdentityRow>> SqliteDeviceStore::identity(const signal::Address& address) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT key, updated_at FROM identity WHERE user = ? AND domain = ? AND device = ?",
                       rows::identity, address.user, address.domain, address.device);
  });
}

Result<std::optional<PreKeyRow>> SqliteDeviceStore::pre_key(std::uint32_t id) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT id, private, public, upload FROM pre_key WHERE id = ?", rows::pre_key, id);
  });
}

Result<std::vector<PreKeyRow>> SqliteDeviceStore::pending_pre_keys(std::size_t limit) {
  return use([&](SqliteDatabase& db) {
    return db.find_all("SELECT id, private, public, upload FROM pre_key WHERE upload = 0 ORDER BY id LIMIT ?",
                       rows::pre_key, limit);
  });
}

Result<std::size_t> SqliteDeviceStore::confirmed_pre_key_count() {
  return use([](SqliteDatabase& db) -> Result<std::size_t> {
    const auto read = [](SqliteRow row) { return row.number<std::size_t>(0); };
    WA_TRY(const auto count, db.find_one("SELECT count(*) FROM pre_key WHERE upload <> 0", read));
    return count.value_or(0);
  });
}

Result<std::optional<signal::SignedPreKey>> SqliteDeviceStore::signed_pre_key(std::uint32_t id) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT id, private, public, signature, created_at FROM signed_pre_key WHERE id = ?",
                       rows::signed_pre_key, id);
  });
}

Result<std::optional<Bytes>> SqliteDeviceStore::sender_key(const std::string& group,
                                                           const signal::Address& sender) {
  return use([&](SqliteDatabase& db) {
    return db.find_one(
        "SELECT record FROM sender_key WHERE chat = ? AND user = ? AND domain = ? AND device = ?", rows::blob,
        group, sender.user, sender.domain, sender.device);
  });
}

// ---- reading: people ------------------------------------------------------------------------------

Result<std::optional<std::string>> SqliteDeviceStore::lid_of(const std::string& pn_user) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT lid_user FROM lid_mapping WHERE pn_user = ?", rows::text, pn_user);
  });
}

Result<std::optional<std::string>> SqliteDeviceStore::pn_of(const std::string& lid_user) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT pn_user FROM lid_mapping WHERE lid_user = ?", rows::text, lid_user);
  });
}

Result<std::optional<DeviceListRow>> SqliteDeviceStore::device_list(const std::string& user) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT user, devices, fetched_at FROM device_list WHERE user = ?", rows::device_list,
                       user);
  });
}

// ---- reading: messages ----------------------------------------------------------------------------

Result<std::optional<SentMessageRow>> SqliteDeviceStore::sent_message(const std::string& id) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT chat, id, payload, type, edit, sent_at FROM sent_message WHERE id = ?",
                       rows::sent_message, id);
  });
}

Result<bool> SqliteDeviceStore::seen(const std::string& chat, const std::string& sender,
                                     const std::string& id) {
  return use([&](SqliteDatabase& db) -> Result<bool> {
    const auto read = [](SqliteRow row) { return row.integer(0); };
    WA_TRY(const auto found,
           db.find_one("SELECT 1 FROM seen_message WHERE chat = ? AND sender = ? AND id = ?", read, chat,
                       sender, id));
    return found.has_value();
  });
}

Result<std::optional<RetryCounter>> SqliteDeviceStore::retry_counter(const std::string& key) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT key, count, base_key, updated_at FROM retry_counter WHERE key = ?",
                       rows::retry_counter, key);
  });
}

Result<std::optional<OutboundRow>> SqliteDeviceStore::outbound(const std::string& queue_id) {
  return use([&](SqliteDatabase& db) {
    return db.find_one(
        "SELECT queue_id, wa_message_id, state, to_original, to_normalized, payload, stanza, error, debug, "
        "position, "
        "updated_at FROM outbound WHERE queue_id = ?",
        rows::outbound, queue_id);
  });
}

Result<std::optional<OutboundRow>> SqliteDeviceStore::outbound_by_message_id(
    const std::string& wa_message_id) {
  return use([&](SqliteDatabase& db) {
    return db.find_one(
        "SELECT queue_id, wa_message_id, state, to_original, to_normalized, payload, stanza, error, debug, "
        "position, "
        "updated_at FROM outbound WHERE wa_message_id = ?",
        rows::outbound, wa_message_id);
  });
}

Result<std::vector<OutboundRow>> SqliteDeviceStore::unmarked_outbound() {
  return use([](SqliteDatabase& db) {
    return db.find_all(
        "SELECT queue_id, wa_message_id, state, to_original, to_normalized, payload, stanza, error, debug, "
        "position, "
        "updated_at FROM outbound WHERE state < 4 ORDER BY position, rowid",
        rows::outbound);
  });
}

Result<std::vector<InboundRow>> SqliteDeviceStore::inbound_page(std::int64_t after, std::size_t limit) {
  return use([&](SqliteDatabase& db) {
    return db.find_all(
        "SELECT sequence, chat, message_id, payload, received_at FROM inbound WHERE sequence > ? "
        "ORDER BY sequence LIMIT ?",
        rows::inbound, after, limit);
  });
}

Result<InboundBacklog> SqliteDeviceStore::inbound_backlog() {
  return use([](SqliteDatabase& db) -> Result<InboundBacklog> {
    const auto read = [](SqliteRow row) {
      return InboundBacklog{row.number<std::uint64_t>(0), row.number<std::uint64_t>(1)};
    };
    WA_TRY(const auto backlog,
           db.find_one("SELECT count(*), coalesce(sum(length(payload)), 0) FROM inbound", read));
    return backlog.value_or(InboundBacklog{});
  });
}

Result<std::optional<Bytes>> SqliteDeviceStore::value(const std::string& name) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT value FROM value WHERE name = ?", rows::blob, name);
  });
}

// ---- reading: events and records ------------------------------------------------------------------

Result<std::vector<EventRow>> SqliteDeviceStore::events_page(std::int64_t after, std::size_t limit) {
  return use([&](SqliteDatabase& db) {
    return db.find_all(
        "SELECT sequence, payload, happened_at FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?",
        rows::event, after, limit);
  });
}

Result<std::uint64_t> SqliteDeviceStore::event_count() {
  return use([](SqliteDatabase& db) -> Result<std::uint64_t> {
    WA_TRY(const auto count, db.find_one("SELECT count(*) FROM event", rows::count));
    return count.value_or(0);
  });
}

Result<std::optional<Bytes>> SqliteDeviceStore::record(const std::string& kind, const std::string& key) {
  return use([&](SqliteDatabase& db) {
    return db.find_one("SELECT value FROM record WHERE kind = ? AND key = ?", rows::blob, kind, key);
  });
}

Result<std::vector<RecordRow>> SqliteDeviceStore::records(const std::string& kind,
                                                          const std::string& after_key, std::size_t limit) {
  return use([&](SqliteDatabase& db) {
    return db.find_all(
        "SELECT kind, key, value, expires_at FROM record WHERE kind = ? AND key > ? ORDER BY key LIMIT ?",
        rows::record, kind, after_key, limit);
  });
}

Result<std::uint64_t> SqliteDeviceStore::record_count(const std::string& kind) {
  return use([&](SqliteDatabase& db) -> Result<std::uint64_t> {
    WA_TRY(const auto count, db.find_one("SELECT count(*) FROM record WHERE kind = ?", rows::count, kind));
    return count.value_or(0);
  });
}

}  // namespace whatsapp::store
