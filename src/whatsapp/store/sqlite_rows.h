// How the records of device_store.h stand in the tables: one reader per table (with the columns it expects,
// in order) and the packing of the few composed values.
#pragma once

#include "whatsapp/store/device_store.h"
#include "whatsapp/store/sqlite_database.h"

namespace whatsapp::store::rows {

inline constexpr std::string_view kSelectDevice =
    "SELECT noise_private, noise_public, identity_private, identity_public, registration_id, "
    "signed_pre_key_id, "
    "signed_pre_key_private, signed_pre_key_public, signed_pre_key_signature, signed_pre_key_created_at, "
    "adv_secret, "
    "next_pre_key_id, login_count, routing_info, paired_at, pn, lid, account_identity, platform, "
    "business_name, "
    "push_name FROM device";
DeviceCredentials credentials(SqliteRow row);

Bytes blob(SqliteRow row);                           // column 0
std::string text(SqliteRow row);                     // column 0
IdentityRow identity(SqliteRow row);                 // key, updated_at
PreKeyRow pre_key(SqliteRow row);                    // id, private, public, upload
signal::SignedPreKey signed_pre_key(SqliteRow row);  // id, private, public, signature, created_at
DeviceListRow device_list(SqliteRow row);            // user, devices, fetched_at
SentMessageRow sent_message(SqliteRow row);          // chat, id, payload, type, edit, sent_at
RetryCounter retry_counter(SqliteRow row);           // key, count, base_key, updated_at
/// queue_id, wa_message_id, state, to_original, to_normalized, payload, stanza, error, debug, position,
/// updated_at
OutboundRow outbound(SqliteRow row);
InboundRow inbound(SqliteRow row);   // sequence, chat, message_id, payload, received_at
EventRow event(SqliteRow row);       // sequence, payload, happened_at
RecordRow record(SqliteRow row);     // kind, key, value, expires_at
std::uint64_t count(SqliteRow row);  // column 0

/// 7 bytes per device: id (2, big-endian), key index (4, big-endian), 1 if hosted.
Bytes pack_devices(const std::vector<DeviceListRow::Device>& devices);

}  // namespace whatsapp::store::rows
