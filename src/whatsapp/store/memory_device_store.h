// DeviceStore in memory, for tests: the same contract without a disk. Commits can be made to fail, to see
// what a caller does when the disk is full.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

#include "whatsapp/store/device_store.h"

namespace whatsapp::store {

class MemoryDeviceStore : public DeviceStore {
 public:
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

  /// Every commit fails with `error` until nullopt is given; reads go on.
  void fail_commits_with(std::optional<Error> error) { commit_error_ = std::move(error); }
  [[nodiscard]] std::size_t commits() const { return commits_; }

 private:
  using SenderKeyName = std::pair<std::string, signal::Address>;
  using MessageName = std::tuple<std::string, std::string, std::string>;  // chat, sender, id

  /// What belongs to the link, and goes with it.
  struct Link {
    std::optional<DeviceCredentials> credentials;
    std::map<signal::Address, Bytes> sessions;
    std::map<signal::Address, IdentityRow> identities;
    std::map<std::uint32_t, PreKeyRow> pre_keys;
    std::map<std::uint32_t, signal::SignedPreKey> signed_pre_keys;
    std::map<SenderKeyName, Bytes> sender_keys;
    std::map<std::string, std::string> lid_by_pn, pn_by_lid;
    std::map<std::string, DeviceListRow> device_lists;
    std::map<std::string, SentMessageRow> sent_messages;
    std::map<MessageName, UnixSeconds> seen_messages;
    std::map<std::string, RetryCounter> retry_counters;
    std::map<std::string, Bytes> values;
    std::map<std::pair<std::string, std::string>, RecordRow> records;  // by kind and key
  };

  void put_pre_keys(const Changes& changes);
  void put_directory(const Changes& changes);
  void put_message_memory(const Changes& changes);
  void put_journals(const Changes& changes);
  void put_records(const Changes& changes);

  Link link_;
  std::map<std::string, OutboundRow> outbound_;
  std::map<std::int64_t, InboundRow> inbound_;
  std::int64_t last_sequence_ = 0;
  std::map<std::int64_t, EventRow> events_;
  std::int64_t last_event_ = 0;
  std::optional<Error> commit_error_;
  std::size_t commits_ = 0;
};

}  // namespace whatsapp::store
