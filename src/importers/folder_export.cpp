#include "importers/folder_export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "importers/baileys_json.h"
#include "importers/baileys_names.h"
#include "importers/baileys_sender_key.h"
#include "importers/baileys_session.h"
#include "importers/small_records.h"
#include "whatsapp/pairing/device_identity.h"
#include "whatsapp/store/sqlite_device_store.h"
#include "whatsapp/store/store_folder.h"

namespace importers {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::signal::Address;
using whatsapp::signal::Domain;
using whatsapp::store::DeviceCredentials;
using whatsapp::store::SqliteDeviceStore;
namespace fs = std::filesystem;

constexpr std::size_t kRecordPage = 200;

/// A folder for the owner alone that becomes visible under its name when it is complete.
class FolderInTheMaking {
 public:
  explicit FolderInTheMaking(const fs::path& target) : target_(target), place_(target.string() + ".making") {}
  FolderInTheMaking(const FolderInTheMaking&) = delete;
  FolderInTheMaking& operator=(const FolderInTheMaking&) = delete;
  ~FolderInTheMaking() {
    std::error_code ignored;
    fs::remove_all(place_, ignored);
  }

  Result<void> begin() {
    std::error_code error;
    if (fs::exists(target_, error) && !fs::is_empty(target_, error))
      return fail(ErrorCode::kConflict, fmt::format("{} is not empty", target_.string()));
    fs::remove_all(place_, error);
    if (target_.has_parent_path()) fs::create_directories(target_.parent_path(), error);
    if (!fs::create_directory(place_, error))
      return fail(ErrorCode::kIo,
                  fmt::format("cannot make the folder {}: {}", place_.string(), error.message()));
    fs::permissions(place_, fs::perms::owner_all, error);
    return {};
  }

  Result<void> put(const RecordId& record, const std::string& text) {
    const std::string path = (place_ / file_of_record(record)).string();
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written = fd >= 0 &&
                         ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!written) return fail(ErrorCode::kIo, "cannot write " + path);
    ++files_;
    return {};
  }

  Result<void> finish() {
    std::error_code error;
    if (fs::exists(target_, error)) fs::remove(target_, error);  // empty, see begin()
    fs::rename(place_, target_, error);
    if (error)
      return fail(ErrorCode::kIo, fmt::format("cannot rename {}: {}", place_.string(), error.message()));
    return {};
  }

  [[nodiscard]] std::size_t files() const { return files_; }

 private:
  fs::path target_;
  fs::path place_;
  std::size_t files_ = 0;
};

Json key_pair_json(const crypto::KeyPair& keys) {
  Json json = Json::object();
  json["private"] = buffer_of(keys.private_key.view());
  json["public"] = buffer_of(keys.public_key);
  return json;
}

Result<Json> account_json(const whatsapp::pairing::SignedDeviceIdentity& account) {
  if (!account.account_signature_key || !account.device_signature)
    return fail(ErrorCode::kCorrupt, "the account's signed identity is not complete");
  Json json = Json::object();
  json["details"] = base::to_base64(account.details);
  json["accountSignatureKey"] = base::to_base64(*account.account_signature_key);
  json["accountSignature"] = base::to_base64(account.account_signature);
  json["deviceSignature"] = base::to_base64(*account.device_signature);
  return json;
}

class Export {
 public:
  Export(SqliteDeviceStore& store, FolderInTheMaking& folder, base::Random& random, std::int64_t now)
      : store_(store), folder_(folder), random_(random), now_(now) {}

  Result<ExportReport> run() {
    WA_TRY(const auto credentials, store_.credentials());
    if (!credentials || !credentials->paired)
      return fail(ErrorCode::kNotFound, "this instance is not linked");
    credentials_ = *credentials;
    first_pending_ = credentials_.next_pre_key_id;
    report_.own_jid = credentials_.paired->pn.to_string();
    WA_TRY_VOID(put_conversations());
    WA_TRY_VOID(put_app_state_keys());
    WA_TRY_VOID(put_creds());
    report_.files = folder_.files();
    return report_;
  }

 private:
  Result<void> put_conversations() {
    whatsapp::store::AccountVisitor visitor;
    visitor.lid_mapping = [this](const auto& mapping) { return put_lid_mapping(mapping); };
    visitor.pre_key = [this](const auto& row) { return put_pre_key(row); };
    visitor.identity = [this](const Address& address, const auto& row) {
      return folder_.put({Category::kIdentityKey, address_text(address)}, write_identity_key(row.key));
    };
    visitor.session = [this](const Address& address, const Bytes& record) {
      return put_session(address, record);
    };
    visitor.sender_key = [this](const std::string& group, const Address& sender, const Bytes& record) {
      return put_sender_key(group, sender, record);
    };
    return store_.walk(visitor);
  }

  Result<void> put_lid_mapping(const whatsapp::store::LidMapping& mapping) {
    pn_of_[mapping.lid_user] = mapping.pn_user;
    WA_TRY_VOID(folder_.put({Category::kLidMapping, mapping.pn_user}, write_json(Json(mapping.lid_user))));
    return folder_.put({Category::kLidMapping, mapping.lid_user + "_reverse"},
                       write_json(Json(mapping.pn_user)));
  }

  Result<void> put_pre_key(const whatsapp::store::PreKeyRow& row) {
    using Upload = whatsapp::store::PreKeyRow::Upload;
    if (row.upload == Upload::kPending) first_pending_ = std::min(first_pending_, row.key.id);
    ++report_.pre_keys;
    return folder_.put({Category::kPreKey, std::to_string(row.key.id)}, write_pre_key(row.key));
  }

  Result<void> put_session(const Address& address, const Bytes& bytes) {
    const auto record = whatsapp::signal::SessionRecord::parse(bytes);
    if (!record || record->empty()) return {};
    ++report_.sessions;
    return folder_.put({Category::kSession, address_text(address)}, write_session(*record, now_ * 1000));
  }

  Result<void> put_sender_key(const std::string& group, const Address& sender, const Bytes& bytes) {
    const auto record = whatsapp::signal::SenderKeyRecord::parse(bytes);
    if (!record || record->empty() || record->own() != nullptr) return {};
    ++report_.sender_keys;
    const std::string text = write_sender_keys(*record);
    WA_TRY_VOID(folder_.put({Category::kSenderKey, sender_key_name({group, sender})}, text));
    // Baileys looks under the address that the group uses, and does not know that two are one.
    const auto pn = pn_of_.find(sender.user);
    if (sender.domain != Domain::kLid || pn == pn_of_.end()) return {};
    const Address by_number{pn->second, Domain::kPn, sender.device};
    return folder_.put({Category::kSenderKey, sender_key_name({group, by_number})}, text);
  }

  Result<void> put_app_state_keys() {
    for (std::string after;;) {
      WA_TRY(const auto page, store_.records(kAppStateKeyKind, after, kRecordPage));
      if (page.empty()) return {};
      for (const auto& row : page) {
        const auto written = write_app_state_key(row);
        if (!written) continue;
        newest_key_ = std::max(newest_key_, row.key);
        WA_TRY_VOID(folder_.put({Category::kAppStateKey, written->first}, written->second));
      }
      after = page.back().key;
    }
  }

  Result<void> put_creds() {
    const auto& paired = *credentials_.paired;
    Json creds = Json::object();
    creds["noiseKey"] = key_pair_json(credentials_.noise);
    creds["pairingEphemeralKeyPair"] = key_pair_json(crypto::generate_key_pair(random_));
    creds["signedIdentityKey"] = key_pair_json(credentials_.identity);
    const auto& signed_key = credentials_.signed_pre_key;
    creds["signedPreKey"]["keyPair"] = key_pair_json(signed_key.keys);
    creds["signedPreKey"]["signature"] = buffer_of(signed_key.signature);
    creds["signedPreKey"]["keyId"] = signed_key.id;
    creds["registrationId"] = credentials_.registration_id;
    creds["advSecretKey"] = base::to_base64(credentials_.adv_secret.view());
    creds["processedHistoryMessages"] = Json::array();
    creds["nextPreKeyId"] = credentials_.next_pre_key_id;
    creds["firstUnuploadedPreKeyId"] = first_pending_;
    creds["accountSyncCounter"] = 1;
    creds["accountSettings"]["unarchiveChats"] = false;
    creds["registered"] = false;
    if (!credentials_.routing_info.empty()) creds["routingInfo"] = buffer_of(credentials_.routing_info);
    WA_TRY(const auto account, whatsapp::pairing::SignedDeviceIdentity::parse(paired.account_identity));
    WA_TRY(creds["account"], account_json(account));
    creds["me"]["id"] = paired.pn.to_string();
    if (!paired.push_name.empty()) creds["me"]["name"] = paired.push_name;
    if (!paired.lid.empty()) creds["me"]["lid"] = paired.lid.to_string();
    Json phone = Json::object();
    phone["identifier"]["name"] = (paired.lid.empty() ? paired.pn : paired.lid).to_string();
    phone["identifier"]["deviceId"] = 0;
    phone["identifierKey"] = buffer_of(whatsapp::signal::to_wire_key(*account.account_signature_key));
    creds["signalIdentities"] = Json::array({std::move(phone)});
    if (!paired.platform.empty()) creds["platform"] = paired.platform;
    if (const auto id = base::from_hex(newest_key_); id && !id->empty())
      creds["myAppStateKeyId"] = base::to_base64(*id);
    return folder_.put({Category::kCreds, {}}, write_json(creds));
  }

  SqliteDeviceStore& store_;
  FolderInTheMaking& folder_;
  base::Random& random_;
  std::int64_t now_;
  DeviceCredentials credentials_;
  std::map<std::string, std::string> pn_of_;  // by LID
  std::uint32_t first_pending_ = 1;
  std::string newest_key_;  // app state: the id's hex; ids grow with their epoch
  ExportReport report_;
};

Result<ExportReport> fill(const FolderExport& order, FolderInTheMaking& folder, base::Random& random) {
  whatsapp::store::OpenSettings open;
  open.directory = (fs::path{order.auth_base} / order.instance_id).string();
  if (!whatsapp::store::StoreFolder::holds_account(open.directory))
    return fail(ErrorCode::kNotFound, fmt::format("there is no account in {}", open.directory));
  WA_TRY(const auto store, SqliteDeviceStore::open(open));
  return Export(*store, folder, random, order.now).run();
}

}  // namespace

Result<ExportReport> export_folder(const FolderExport& order, base::Random& random) {
  FolderInTheMaking folder(order.target);
  WA_TRY_VOID(folder.begin());
  WA_TRY(auto report, fill(order, folder, random));
  if (order.after == AfterExport::kPutAside) {
    const std::string directory = (fs::path{order.auth_base} / order.instance_id).string();
    WA_TRY(const auto account, whatsapp::store::StoreFolder::claim(directory));
    WA_TRY_VOID(account.put_aside(fmt::format("exported-{}", order.now)));
  }
  WA_TRY_VOID(folder.finish());
  return report;
}

}  // namespace importers
