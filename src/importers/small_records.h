// The records that are one fact each: pre-keys, identities, who is who, app-state keys, privacy tokens.
// Spec 09 §5, §6.4, §8, §9.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "whatsapp/store/device_store.h"

namespace importers {

// pre-key-N.json: {"private":…,"public":…}
base::Result<whatsapp::signal::PreKey> read_pre_key(const std::string& id, std::string_view text);
std::string write_pre_key(const whatsapp::signal::PreKey& key);

// identity-key-ADDRESS.json: 33 bytes
base::Result<crypto::PublicKey> read_identity_key(std::string_view text);
std::string write_identity_key(const crypto::PublicKey& key);

// lid-mapping-PN.json: "LID", and lid-mapping-LID_reverse.json: "PN"
enum class MappingDirection { kForward, kReverse };
MappingDirection mapping_direction(std::string_view id);
base::Result<whatsapp::store::LidMapping> read_lid_mapping(const std::string& id, std::string_view text);

// app-state-sync-key-ID.json → a record of kind "app_state_key" (key: the id as hex, value:
// AppStateSyncKeyData). Nothing: the phone did not have that key either.
inline constexpr const char* kAppStateKeyKind = "app_state_key";
base::Result<std::optional<whatsapp::store::RecordRow>> read_app_state_key(const std::string& id,
                                                                           std::string_view text);
/// Nothing if the record is none of ours. The first is Baileys' id (base64), the second the text.
std::optional<std::pair<std::string, std::string>> write_app_state_key(const whatsapp::store::RecordRow& row);

// tctoken-JID.json → a record of kind "tctoken" (key: the user part). Nothing: expired, or only an index.
inline constexpr const char* kPrivacyTokenKind = "tctoken";
base::Result<std::optional<whatsapp::store::RecordRow>> read_privacy_token(const std::string& id,
                                                                           std::string_view text,
                                                                           std::int64_t now);

}  // namespace importers
