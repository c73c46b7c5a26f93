// The edge's memory in one SQLite file: enough for one edge process and some hundreds of instances. Not
// thread-safe: all calls come from one lane.
#pragma once

#include <memory>
#include <string>

#include "edge_server/edge_store.h"
#include "edge_server/sqlite_statement.h"

namespace edge_server {

class SqliteEdgeStore final : public EdgeStore {
 public:
  /// Opens or creates the file and brings its schema up to date. kCorrupt when a newer version wrote it.
  static Result<std::unique_ptr<SqliteEdgeStore>> open(const std::string& path);

  Result<void> create_instance(const InstanceSettings& settings, Millis now) override;
  Result<Instance> instance(std::string_view id) override;
  Result<std::vector<Instance>> instances(const InstanceQuery& query) override;
  Result<void> change_instance(std::string_view id, const InstanceChange& change) override;
  Result<void> remove_instance(std::string_view id) override;
  Result<void> put_status(std::string_view id, const StatusReport& report) override;

  Result<Lock> acquire_lock(const LockClaim& claim) override;
  Result<Lock> renew_lock(const LockClaim& claim) override;
  Result<void> release_lock(const LockClaim& claim) override;
  Result<std::uint64_t> fence(std::string_view instance_id) override;

  Result<Enqueued> enqueue(const Message& message, const Idempotency& idempotency) override;
  Result<std::vector<Message>> queued(std::string_view instance_id, Millis now, std::size_t limit) override;
  Result<std::vector<Message>> claim(const ClaimOrder& order) override;
  Result<void> mark_sent(const SentMark& mark) override;
  Result<void> mark_failed(const FailedMark& mark) override;
  Result<Stored> add_inbound(const Message& message) override;
  Result<std::vector<Message>> messages(const MessageQuery& query) override;
  Result<std::vector<Chat>> chats(std::string_view instance_id, std::size_t limit) override;
  Result<void> put_receipt(std::string_view instance_id, std::string_view wa_id,
                           std::string_view receipt) override;

  Result<std::string> contact_id(const ContactKey& key) override;
  Result<void> learn_lid(std::string_view instance_id, const LidPair& pair) override;
  Result<std::optional<std::string>> pn_of(std::string_view instance_id, std::string_view lid) override;

  Result<void> add_command(const Command& command) override;
  Result<std::vector<Command>> take_commands(std::string_view instance_id, Millis now) override;
  Result<Command> command(std::string_view id) override;
  Result<void> finish_command(const CommandEnd& end) override;
  Result<void> add_events(const std::vector<EventRecord>& events) override;
  Result<std::vector<EventRecord>> events(std::string_view instance_id, std::int64_t after_seq,
                                          std::size_t limit) override;
  Result<MediaRecord> add_media(const MediaRecord& media) override;
  Result<MediaRecord> media(std::string_view id) override;
  Result<void> add_api_key(std::string_view hash, std::string_view name, Millis now) override;
  Result<bool> has_api_key(std::string_view hash) override;
  Result<bool> has_any_api_key() override;
  Result<void> purge(Millis messages_before, Millis events_before) override;

 private:
  explicit SqliteEdgeStore(Database database) : database_(std::move(database)) {}
  Result<void> insert_message(const Message& message, const Idempotency& idempotency,
                              const std::optional<std::string>& dedupe_key);
  Result<void> lease(std::string_view message_id, Millis until);
  /// Turns "no row was changed" into kNotFound.
  Result<void> require_change(std::string_view what);
  /// The number's JID when `jid` is a LID that we know; `jid` otherwise.
  Result<std::string> canonical(std::string_view instance_id, std::string_view jid);

  Database database_;
};

}  // namespace edge_server
