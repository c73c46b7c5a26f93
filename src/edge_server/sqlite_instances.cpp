#include "edge_server/sqlite_edge_store.h"

namespace edge_server {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::string_view kInstanceColumns =
    "SELECT i.id, i.name, i.priority, i.enabled, i.pairing_phone, i.proxy_url, i.created_at, i.status, "
    "i.qr_code, i.qr, i.qr_at, i.pairing_code, i.reason, i.reason_code, i.attempt, i.next_retry_at, i.jid, "
    "i.lid, i.push_name, i.passkey, i.status_at, l.owner, l.expires_at, i.settings "
    "FROM instances i LEFT JOIN locks l ON l.instance_id = i.id ";

Instance instance_row(const Statement& row) {
  Instance out;
  out.settings = {row.text(0), row.text(1), row.integer(2), row.integer(3) != 0,
                  row.text(4), row.text(5), row.text(23)};
  out.created_at = row.integer(6);
  auto& report = out.report;
  report.status = row.text(7);
  report.qr_code = row.text(8);
  report.qr = row.text(9);
  out.qr_at = row.integer(10);
  report.pairing_code = row.text(11);
  report.reason = row.text(12);
  report.reason_code = row.integer(13);
  report.attempt = row.integer(14);
  report.next_retry_at = row.text(15);
  report.jid = row.text(16);
  report.lid = row.text(17);
  report.push_name = row.text(18);
  report.passkey_json = row.text(19);
  report.at = row.integer(20);
  out.worker = row.text(21);
  out.worker_until = row.integer(22);
  return out;
}

}  // namespace

Result<void> SqliteEdgeStore::create_instance(const InstanceSettings& settings, Millis now) {
  Statement add(database_,
                "INSERT INTO instances (id, name, priority, enabled, pairing_phone, proxy_url, settings, "
                "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING");
  add.bind(settings.id, settings.name, settings.priority, settings.enabled, settings.pairing_phone,
           settings.proxy_url, settings.settings_json, now);
  WA_TRY_VOID(add.run());
  if (database_.changes() == 0) return fail(ErrorCode::kConflict, "an instance with this id exists");
  return {};
}

Result<Instance> SqliteEdgeStore::instance(std::string_view id) {
  Statement find(database_, std::string{kInstanceColumns} + "WHERE i.id = ?");
  find.bind(id);
  if (find.next()) return instance_row(find);
  WA_TRY_VOID(find.result());
  return fail(ErrorCode::kNotFound, "no such instance");
}

Result<std::vector<Instance>> SqliteEdgeStore::instances(const InstanceQuery& query) {
  Statement find(database_, std::string{kInstanceColumns} +
                                "WHERE (?1 = 0 OR i.enabled = 1) AND "
                                "(?2 IS NULL OR i.priority < ?2 OR (i.priority = ?2 AND i.id > ?3)) "
                                "ORDER BY i.priority DESC, i.id LIMIT ?4");
  const auto priority = query.after ? std::optional{query.after->first} : std::nullopt;
  const auto id = query.after ? std::optional{query.after->second} : std::nullopt;
  find.bind(query.which == InstanceQuery::Which::kEnabled, priority, id, query.limit);
  std::vector<Instance> out;
  while (find.next()) out.push_back(instance_row(find));
  WA_TRY_VOID(find.result());
  return out;
}

Result<void> SqliteEdgeStore::change_instance(std::string_view id, const InstanceChange& change) {
  Statement update(database_,
                   "UPDATE instances SET name = coalesce(?, name), priority = coalesce(?, priority), "
                   "enabled = coalesce(?, enabled), pairing_phone = coalesce(?, pairing_phone), "
                   "proxy_url = coalesce(?, proxy_url), settings = coalesce(?, settings) WHERE id = ?");
  update.bind(change.name, change.priority, change.enabled, change.pairing_phone, change.proxy_url,
              change.settings_json, id);
  WA_TRY_VOID(update.run());
  return require_change("instance");
}

Result<void> SqliteEdgeStore::remove_instance(std::string_view id) {
  const auto work = [&]() -> Result<void> {
    Statement remove(database_, "DELETE FROM instances WHERE id = ?");
    WA_TRY_VOID(remove.bind(id).run());
    WA_TRY_VOID(require_change("instance"));
    Statement free(database_,
                   "UPDATE locks SET owner = '', token = '', expires_at = 0 WHERE instance_id = ?");
    return free.bind(id).run();
  };
  return in_transaction(database_, work);
}

Result<void> SqliteEdgeStore::put_status(std::string_view id, const StatusReport& report) {
  const bool replace_qr = report.qr_change == StatusReport::Qr::kReplace;
  Statement update(
      database_,
      "UPDATE instances SET status = ?2, reason = ?3, reason_code = ?4, attempt = ?5, next_retry_at = ?6, "
      "pairing_code = ?7, passkey = ?8, status_at = ?9, jid = CASE WHEN ?10 = '' THEN jid ELSE ?10 END, "
      "lid = CASE WHEN ?11 = '' THEN lid ELSE ?11 END, "
      "push_name = CASE WHEN ?12 = '' THEN push_name ELSE ?12 END, "
      "qr_code = CASE WHEN ?13 THEN ?14 ELSE qr_code END, qr = CASE WHEN ?13 THEN ?15 ELSE qr END, "
      "qr_at = CASE WHEN ?13 THEN ?9 ELSE qr_at END WHERE id = ?1");
  update.bind(id, report.status, report.reason, report.reason_code, report.attempt, report.next_retry_at,
              report.pairing_code, report.passkey_json, report.at, report.jid, report.lid, report.push_name,
              replace_qr, report.qr_code, report.qr);
  WA_TRY_VOID(update.run());
  return require_change("instance");
}

// ---- locks ------------------------------------------------------------------------------------------

namespace {

Result<std::optional<Lock>> find_lock(Database& database, std::string_view instance_id) {
  Statement find(database, "SELECT owner, token, fence, expires_at FROM locks WHERE instance_id = ?");
  find.bind(instance_id);
  if (find.next())
    return Lock{find.text(0), find.text(1), static_cast<std::uint64_t>(find.integer(2)), find.integer(3)};
  WA_TRY_VOID(find.result());
  return std::nullopt;
}

Result<void> put_lock(Database& database, std::string_view instance_id, const Lock& lock) {
  Statement put(
      database,
      "INSERT INTO locks (instance_id, owner, token, fence, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT (instance_id) DO UPDATE SET owner = ?2, token = ?3, fence = ?4, expires_at = ?5");
  return put.bind(instance_id, lock.owner, lock.token, lock.fence, lock.expires_at).run();
}

bool is_held(const Lock& lock, Millis now) { return !lock.owner.empty() && lock.expires_at > now; }

}  // namespace

Result<Lock> SqliteEdgeStore::acquire_lock(const LockClaim& claim) {
  const auto work = [&]() -> Result<Lock> {
    WA_TRY_VOID(instance(claim.instance_id));
    WA_TRY(auto current, find_lock(database_, claim.instance_id));
    const Lock before = current.value_or(Lock{});
    if (is_held(before, claim.now) && before.owner != claim.owner)
      return fail(ErrorCode::kConflict, "another worker holds the instance");
    // Every grant is a new tenancy, also to the same owner: its earlier life may still have requests under
    // way.
    const Lock granted{claim.owner, claim.token, before.fence + 1, claim.now + claim.ttl};
    WA_TRY_VOID(put_lock(database_, claim.instance_id, granted));
    return granted;
  };
  return in_transaction(database_, work);
}

Result<Lock> SqliteEdgeStore::renew_lock(const LockClaim& claim) {
  const auto work = [&]() -> Result<Lock> {
    WA_TRY(auto current, find_lock(database_, claim.instance_id));
    if (!current || current->owner != claim.owner || current->token != claim.token || claim.token.empty())
      return fail(ErrorCode::kConflict, "the lock is not held by this worker");
    // Run out but untaken: nobody else was here meanwhile, so the tenancy goes on.
    current->expires_at = claim.now + claim.ttl;
    WA_TRY_VOID(put_lock(database_, claim.instance_id, *current));
    return *current;
  };
  return in_transaction(database_, work);
}

Result<void> SqliteEdgeStore::release_lock(const LockClaim& claim) {
  Statement release(database_,
                    "UPDATE locks SET owner = '', token = '', expires_at = 0 "
                    "WHERE instance_id = ? AND owner = ? AND token = ?");
  return release.bind(claim.instance_id, claim.owner, claim.token).run();
}

Result<std::uint64_t> SqliteEdgeStore::fence(std::string_view instance_id) {
  WA_TRY(const auto lock, find_lock(database_, instance_id));
  return lock ? lock->fence : 0;
}

}  // namespace edge_server
