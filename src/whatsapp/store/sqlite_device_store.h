// DeviceStore in one SQLite file per account. The file is opened at the first use and closed by rest(); the
// account's lock is held as long as this object lives, so an idle account costs one file descriptor.
//
// What can go wrong, and what then holds:
// - disk full, read-only, I/O error (kIo): nothing of that call is kept; the next call tries afresh. An
//   error while the disk was being synced may leave a commit that was reported as failed: whole, not torn.
// - damaged file (kCorrupt): it is set aside with a notice and every later call and open() fails with
//   kCorrupt until a person decides (store_folder.h). An empty account never takes its place by itself.
// - newer file (kInvalidArgument): left alone.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "whatsapp/store/account_walk.h"
#include "whatsapp/store/device_store.h"
#include "whatsapp/store/sqlite_database.h"
#include "whatsapp/store/store_folder.h"

namespace whatsapp::store {

struct OpenSettings {
  std::string directory;  // AUTH_BASE/<instanceId>, of this account alone
  Durability durability = Durability::kFull;
};

class SqliteDeviceStore final : public DeviceStore {
 public:
  /// Claims the folder (created 0700 if missing), checks the file and brings it to the present schema. After
  /// an unclean end the whole file is checked. kConflict when another process has the account.
  static Result<std::unique_ptr<SqliteDeviceStore>> open(OpenSettings settings);
  ~SqliteDeviceStore() override;

  Result<void> commit(const Changes& changes) override;
  Result<std::optional<DeviceCredentials>> credentials() override;
  Result<std::optional<Bytes>> session(const signal::Address& address) override;
  Result<std::vector<std::optional<Bytes>>> sessions(std::span<const signal::Address> addresses) override;
  Result<std::vector<signal::Address>> session_addresses(const std::string& user,
                                                         signal::Domain domain) override;
  Result<std::optional<IdentityRow>> identity(const signal::Address& address) override;
  Result<std::optional<PreKeyRow>> pre_key(std::uint32_t id) override;
  Result<std::vector<PreKeyRow>> pending_pre_keys(std::size_t limit) override;
  Result<std::size_t> confirmed_pre_key_count() override;
  Result<std::optional<signal::SignedPreKey>> signed_pre_key(std::uint32_t id) override;
  Result<std::optional<Bytes>> sender_key(const std::string& group, const signal::Address& sender) override;
  Result<std::optional<std::string>> lid_of(const std::string& pn_user) override;
  Result<std::optional<std::string>> pn_of(const std::string& lid_user) override;
  Result<std::optional<DeviceListRow>> device_list(const std::string& user) override;
  Result<std::optional<SentMessageRow>> sent_message(const std::string& id) override;
  Result<bool> seen(const std::string& chat, const std::string& sender, const std::string& id) override;
  Result<std::optional<RetryCounter>> retry_counter(const std::string& key) override;
  Result<std::optional<OutboundRow>> outbound(const std::string& queue_id) override;
  Result<std::optional<OutboundRow>> outbound_by_message_id(const std::string& wa_message_id) override;
  Result<std::vector<OutboundRow>> unmarked_outbound() override;
  Result<std::vector<InboundRow>> inbound_page(std::int64_t after, std::size_t limit) override;
  Result<InboundBacklog> inbound_backlog() override;
  Result<std::vector<EventRow>> events_page(std::int64_t after, std::size_t limit) override;
  Result<std::uint64_t> event_count() override;
  Result<std::optional<Bytes>> value(const std::string& name) override;
  Result<std::optional<Bytes>> record(const std::string& kind, const std::string& key) override;
  Result<std::vector<RecordRow>> records(const std::string& kind, const std::string& after_key,
                                         std::size_t limit) override;
  Result<std::uint64_t> record_count(const std::string& kind) override;
  Result<void> purge(UnixSeconds now) override;
  Result<void> forget_link(const std::optional<std::string>& copy_to) override;
  void rest() override;

  /// Visits everything that makes the link (account_walk.h).
  Result<void> walk(const AccountVisitor& visitor);

  [[nodiscard]] bool is_resting() const { return database_ == nullptr; }

 private:
  enum class Check { kAfterUncleanEnd, kNone };

  SqliteDeviceStore(StoreFolder folder, Durability durability);
  Result<void> open_file(Check check);
  /// Runs `work(SqliteDatabase&)`, opening the file if it rests, and deals with what a failure means for it.
  template <class Work>
  std::invoke_result_t<Work, SqliteDatabase&> use(Work work);
  Error after(Error error);
  Error set_aside(const Error& cause);

  StoreFolder folder_;
  Durability durability_;
  std::unique_ptr<SqliteDatabase> database_;  // null while resting
  std::optional<Error> damage_;               // once set, all there is to say
};

}  // namespace whatsapp::store
