#include "whatsapp/store/sqlite_commit.h"

#include "whatsapp/store/retention.h"
#include "whatsapp/store/sqlite_rows.h"

namespace whatsapp::store {
namespace {

std::string jid_text(const binary::Jid& jid) { return jid.user().empty() ? std::string{} : jid.to_string(); }

Result<void> write_paired(SqliteDatabase& db, const PairedDevice& paired) {
  return db.execute(
      "UPDATE device SET paired_at = ?, pn = ?, lid = ?, account_identity = ?, platform = ?, business_name = "
      "?, "
      "push_name = ?",
      paired.paired_at, jid_text(paired.pn), jid_text(paired.lid), paired.account_identity, paired.platform,
      paired.business_name, paired.push_name);
}

/// Replaced as a whole: columns that are not named become NULL again, which is "not linked".
Result<void> write_credentials(SqliteDatabase& db, const DeviceCredentials& device) {
  WA_TRY_VOID(db.execute(
      "INSERT OR REPLACE INTO device (only, noise_private, noise_public, identity_private, identity_public, "
      "registration_id, signed_pre_key_id, signed_pre_key_private, signed_pre_key_public, "
      "signed_pre_key_signature, "
      "signed_pre_key_created_at, adv_secret, next_pre_key_id, login_count, routing_info) "
      "VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      device.noise.private_key.view(), device.noise.public_key, device.identity.private_key.view(),
      device.identity.public_key, device.registration_id, device.signed_pre_key.id,
      device.signed_pre_key.keys.private_key.view(), device.signed_pre_key.keys.public_key,
      device.signed_pre_key.signature, device.signed_pre_key.created_at, device.adv_secret.view(),
      device.next_pre_key_id, device.login_count, device.routing_info));
  if (device.paired) return write_paired(db, *device.paired);
  return {};
}

Result<void> write_sessions(SqliteDatabase& db, const Changes& changes) {
  for (const auto& [address, record] : changes.sessions) {
    if (record) {
      WA_TRY_VOID(
          db.execute("INSERT INTO session (user, domain, device, record) VALUES (?, ?, ?, ?) "
                     "ON CONFLICT (user, domain, device) DO UPDATE SET record = excluded.record",
                     address.user, address.domain, address.device, *record));
    } else {
      WA_TRY_VOID(db.execute("DELETE FROM session WHERE user = ? AND domain = ? AND device = ?", address.user,
                             address.domain, address.device));
    }
  }
  for (const auto& [address, identity] : changes.identities) {
    if (identity) {
      WA_TRY_VOID(
          db.execute("INSERT INTO identity (user, domain, device, key, updated_at) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (user, domain, device) DO UPDATE SET key = excluded.key, updated_at = "
                     "excluded.updated_at",
                     address.user, address.domain, address.device, identity->key, identity->updated_at));
    } else {
      WA_TRY_VOID(db.execute("DELETE FROM identity WHERE user = ? AND domain = ? AND device = ?",
                             address.user, address.domain, address.device));
    }
  }
  return {};
}

Result<void> write_sender_keys(SqliteDatabase& db, const Changes& changes) {
  for (const auto& [key, record] : changes.sender_keys) {
    const auto& [chat, sender] = key;
    if (record) {
      WA_TRY_VOID(
          db.execute("INSERT INTO sender_key (chat, user, domain, device, record) VALUES (?, ?, ?, ?, ?) "
                     "ON CONFLICT (chat, user, domain, device) DO UPDATE SET record = excluded.record",
                     chat, sender.user, sender.domain, sender.device, *record));
    } else {
      WA_TRY_VOID(
          db.execute("DELETE FROM sender_key WHERE chat = ? AND user = ? AND domain = ? AND device = ?", chat,
                     sender.user, sender.domain, sender.device));
    }
  }
  return {};
}

Result<void> write_pre_keys(SqliteDatabase& db, const Changes& changes) {
  for (const auto& row : changes.pre_keys)
    WA_TRY_VOID(db.execute("INSERT OR REPLACE INTO pre_key (id, private, public, upload) VALUES (?, ?, ?, ?)",
                           row.key.id, row.key.keys.private_key.view(), row.key.keys.public_key, row.upload));
  // A key handed out in a retry receipt stays that: no upload ever contained it.
  for (const auto id : changes.pre_keys_confirmed)
    WA_TRY_VOID(db.execute("UPDATE pre_key SET upload = 1 WHERE id = ? AND upload = 0", id));
  for (const auto id : changes.pre_keys_used) WA_TRY_VOID(db.execute("DELETE FROM pre_key WHERE id = ?", id));
  for (const auto& key : changes.signed_pre_keys)
    WA_TRY_VOID(
        db.execute("INSERT OR REPLACE INTO signed_pre_key (id, private, public, signature, created_at) "
                   "VALUES (?, ?, ?, ?, ?)",
                   key.id, key.keys.private_key.view(), key.keys.public_key, key.signature, key.created_at));
  return {};
}

Result<void> write_directory(SqliteDatabase& db, const Changes& changes) {
  // REPLACE removes the rows that clash on either side: both stale directions.
  for (const auto& mapping : changes.lid_mappings)
    WA_TRY_VOID(db.execute("INSERT OR REPLACE INTO lid_mapping (pn_user, lid_user) VALUES (?, ?)",
                           mapping.pn_user, mapping.lid_user));
  if (changes.all_device_lists_dropped) WA_TRY_VOID(db.execute("DELETE FROM device_list"));
  for (const auto& user : changes.device_lists_dropped)
    WA_TRY_VOID(db.execute("DELETE FROM device_list WHERE user = ?", user));
  for (const auto& row : changes.device_lists)
    WA_TRY_VOID(db.execute("INSERT OR REPLACE INTO device_list (user, devices, fetched_at) VALUES (?, ?, ?)",
                           row.user, rows::pack_devices(row.devices), row.fetched_at));
  return {};
}

Result<void> write_message_memory(SqliteDatabase& db, const Changes& changes) {
  for (const auto& row : changes.sent_messages)
    WA_TRY_VOID(
        db.execute("INSERT INTO sent_message (id, chat, payload, type, edit, sent_at) "
                   "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET chat = excluded.chat, "
                   "payload = excluded.payload, type = excluded.type, edit = excluded.edit, "
                   "sent_at = excluded.sent_at",
                   row.id, row.chat, row.payload, row.type, row.edit, row.sent_at));
  for (const auto& row : changes.seen_messages)
    WA_TRY_VOID(
        db.execute("INSERT OR IGNORE INTO seen_message (chat, sender, id, seen_at) VALUES (?, ?, ?, ?)",
                   row.chat, row.sender, row.id, row.seen_at));
  for (const auto& row : changes.retry_counters)
    WA_TRY_VOID(
        db.execute("INSERT OR REPLACE INTO retry_counter (key, count, base_key, updated_at) "
                   "VALUES (?, ?, ?, ?)",
                   row.key, row.count, row.base_key, row.updated_at));
  return {};
}

Result<void> write_outbound(SqliteDatabase& db, const OutboundRow& row) {
  return db.execute(
      "INSERT INTO outbound (queue_id, wa_message_id, state, to_original, to_normalized, payload, stanza, "
      "error, "
      "debug, position, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (queue_id) DO UPDATE SET wa_message_id = excluded.wa_message_id, state = excluded.state, "
      "to_original = excluded.to_original, to_normalized = excluded.to_normalized, payload = "
      "excluded.payload, "
      "stanza = excluded.stanza, error = excluded.error, debug = excluded.debug, position = "
      "excluded.position, "
      "updated_at = excluded.updated_at",
      row.queue_id, row.wa_message_id, row.state, row.to_original, row.to_normalized,
      base::as_bytes(row.payload), row.stanza, row.error, row.debug, row.order, row.updated_at);
}

Result<void> write_journals(SqliteDatabase& db, const Changes& changes) {
  for (const auto& row : changes.outbound) WA_TRY_VOID(write_outbound(db, row));
  for (const auto& row : changes.inbound)
    WA_TRY_VOID(db.execute("INSERT INTO inbound (chat, message_id, payload, received_at) VALUES (?, ?, ?, ?)",
                           row.chat, row.message_id, base::as_bytes(row.payload), row.received_at));
  for (const auto sequence : changes.inbound_delivered)
    WA_TRY_VOID(db.execute("DELETE FROM inbound WHERE sequence = ?", sequence));
  for (const auto& row : changes.events)
    WA_TRY_VOID(db.execute("INSERT INTO event (payload, happened_at) VALUES (?, ?)",
                           base::as_bytes(row.payload), row.happened_at));
  for (const auto sequence : changes.events_delivered)
    WA_TRY_VOID(db.execute("DELETE FROM event WHERE sequence = ?", sequence));
  return {};
}

Result<void> write_values(SqliteDatabase& db, const Changes& changes) {
  for (const auto& [name, value] : changes.values) {
    if (value) {
      WA_TRY_VOID(db.execute("INSERT OR REPLACE INTO value (name, value) VALUES (?, ?)", name, *value));
    } else {
      WA_TRY_VOID(db.execute("DELETE FROM value WHERE name = ?", name));
    }
  }
  return {};
}

Result<void> write_records(SqliteDatabase& db, const Changes& changes) {
  for (const auto& [kind, key] : changes.records_dropped) {
    if (key.empty()) {
      WA_TRY_VOID(db.execute("DELETE FROM record WHERE kind = ?", kind));
    } else {
      WA_TRY_VOID(db.execute("DELETE FROM record WHERE kind = ? AND key = ?", kind, key));
    }
  }
  for (const auto& row : changes.records)
    WA_TRY_VOID(db.execute("INSERT OR REPLACE INTO record (kind, key, value, expires_at) VALUES (?, ?, ?, ?)",
                           row.kind, row.key, row.value, row.expires_at));
  return {};
}

}  // namespace

Result<void> write_changes(SqliteDatabase& db, const Changes& changes) {
  if (changes.credentials) WA_TRY_VOID(write_credentials(db, *changes.credentials));
  WA_TRY_VOID(write_sessions(db, changes));
  WA_TRY_VOID(write_sender_keys(db, changes));
  WA_TRY_VOID(write_pre_keys(db, changes));
  WA_TRY_VOID(write_directory(db, changes));
  WA_TRY_VOID(write_message_memory(db, changes));
  WA_TRY_VOID(write_journals(db, changes));
  WA_TRY_VOID(write_records(db, changes));
  return write_values(db, changes);
}

Result<void> delete_link(SqliteDatabase& db) {
  return db.run_script(
      "DELETE FROM device; DELETE FROM session; DELETE FROM identity; DELETE FROM pre_key;"
      "DELETE FROM signed_pre_key; DELETE FROM sender_key; DELETE FROM lid_mapping; DELETE FROM device_list;"
      "DELETE FROM sent_message; DELETE FROM seen_message; DELETE FROM retry_counter; DELETE FROM value;"
      "DELETE FROM record;"
      "UPDATE outbound SET stanza = x'' WHERE length(stanza) > 0;");
}

Result<void> delete_expired(SqliteDatabase& db, UnixSeconds now) {
  using namespace retention;
  WA_TRY_VOID(db.execute("DELETE FROM seen_message WHERE seen_at < ?", now - kSeenMessageLife));
  WA_TRY_VOID(
      db.execute("DELETE FROM seen_message WHERE seen_at < "
                 "(SELECT seen_at FROM seen_message ORDER BY seen_at DESC LIMIT 1 OFFSET ?)",
                 kSeenMessagesKept - 1));
  WA_TRY_VOID(db.execute("DELETE FROM sent_message WHERE sent_at < ?", now - kSentMessageLife));
  WA_TRY_VOID(
      db.execute("DELETE FROM sent_message WHERE rowid IN "
                 "(SELECT rowid FROM sent_message ORDER BY sent_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
                 kSentMessagesKept));
  WA_TRY_VOID(db.execute("DELETE FROM record WHERE expires_at > 0 AND expires_at < ?", now));
  WA_TRY_VOID(db.execute("DELETE FROM retry_counter WHERE updated_at < ?", now - kRetryCounterLife));
  WA_TRY_VOID(
      db.execute("DELETE FROM retry_counter WHERE updated_at < "
                 "(SELECT updated_at FROM retry_counter ORDER BY updated_at DESC LIMIT 1 OFFSET ?)",
                 kRetryCountersKept - 1));
  return db.execute("DELETE FROM outbound WHERE state >= ? AND updated_at < ?", OutboundRow::State::kMarked,
                    now - kMarkedOutboundLife);
}

}  // namespace whatsapp::store
