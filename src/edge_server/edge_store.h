// EdgeStore: what the edge remembers. An interface of whole steps: each call is one transaction, so that a
// second edge on the same database sees nothing half done. Calls block; EdgeServer makes them on an
// executor's lane.
//
// Errors: kIo (disk, database), kCorrupt. kNotFound where an instance or message that the call is about is
// missing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge_server/records.h"

namespace edge_server {

using base::Result;

class EdgeStore {
 public:
  virtual ~EdgeStore() = default;

  // ---- instances
  /// kConflict when the id is taken.
  virtual Result<void> create_instance(const InstanceSettings& settings, Millis now) = 0;
  virtual Result<Instance> instance(std::string_view id) = 0;
  /// By priority descending, then by id.
  virtual Result<std::vector<Instance>> instances(const InstanceQuery& query) = 0;
  virtual Result<void> change_instance(std::string_view id, const InstanceChange& change) = 0;
  /// With its messages, contacts, events and media rows. The fence goes on where it was if the id comes back.
  virtual Result<void> remove_instance(std::string_view id) = 0;
  virtual Result<void> put_status(std::string_view id, const StatusReport& report) = 0;

  // ---- locks
  /// Free, expired or ours already: ours now. Every grant raises the fence and has a new token. kConflict
  /// otherwise.
  virtual Result<Lock> acquire_lock(const LockClaim& claim) = 0;
  /// kConflict when it is not ours with that token, or has run out and was taken meanwhile.
  virtual Result<Lock> renew_lock(const LockClaim& claim) = 0;
  /// Releasing what is not ours changes nothing.
  virtual Result<void> release_lock(const LockClaim& claim) = 0;
  /// 0: never locked.
  virtual Result<std::uint64_t> fence(std::string_view instance_id) = 0;

  // ---- messages
  virtual Result<Enqueued> enqueue(const Message& message, const Idempotency& idempotency) = 0;
  /// Not marked yet and not under a lease; oldest first.
  virtual Result<std::vector<Message>> queued(std::string_view instance_id, Millis now,
                                              std::size_t limit) = 0;
  /// The same for many instances, fairly among them, and leased from now on.
  virtual Result<std::vector<Message>> claim(const ClaimOrder& order) = 0;
  /// The first mark wins the details; a sent mark wins over a failed one, never the other way round.
  virtual Result<void> mark_sent(const SentMark& mark) = 0;
  virtual Result<void> mark_failed(const FailedMark& mark) = 0;
  /// kDuplicate when (instance, chat, sender, wa id) is there already.
  virtual Result<Stored> add_inbound(const Message& message) = 0;
  virtual Result<std::vector<Message>> messages(const MessageQuery& query) = 0;
  virtual Result<std::vector<Chat>> chats(std::string_view instance_id, std::size_t limit) = 0;
  /// Moves the receipt of a sent message forward (server, delivered, read, played), never back.
  virtual Result<void> put_receipt(std::string_view instance_id, std::string_view wa_id,
                                   std::string_view receipt) = 0;

  // ---- people
  virtual Result<std::string> contact_id(const ContactKey& key) = 0;
  /// Conversations that were under the LID move under the number.
  virtual Result<void> learn_lid(std::string_view instance_id, const LidPair& pair) = 0;
  virtual Result<std::optional<std::string>> pn_of(std::string_view instance_id, std::string_view lid) = 0;

  // ---- commands
  virtual Result<void> add_command(const Command& command) = 0;
  /// Those that wait and are not given out, oldest first; given out for a while from now on.
  virtual Result<std::vector<Command>> take_commands(std::string_view instance_id, Millis now) = 0;
  virtual Result<Command> command(std::string_view id) = 0;
  /// The first end wins.
  virtual Result<void> finish_command(const CommandEnd& end) = 0;

  // ---- events, media, keys
  virtual Result<void> add_events(const std::vector<EventRecord>& events) = 0;
  virtual Result<std::vector<EventRecord>> events(std::string_view instance_id, std::int64_t after_seq,
                                                  std::size_t limit) = 0;
  /// The record that is kept: the earlier one when `source_key` was there already.
  virtual Result<MediaRecord> add_media(const MediaRecord& media) = 0;
  virtual Result<MediaRecord> media(std::string_view id) = 0;
  virtual Result<void> add_api_key(std::string_view hash, std::string_view name, Millis now) = 0;
  virtual Result<bool> has_api_key(std::string_view hash) = 0;
  virtual Result<bool> has_any_api_key() = 0;

  /// Forgets what ended before the given times: messages that are sent, failed or received, and events and
  /// commands.
  virtual Result<void> purge(Millis messages_before, Millis events_before) = 0;
};

}  // namespace edge_server
