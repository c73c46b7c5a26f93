// DeviceStore: what one account must remember. An interface, a batch of changes, and nothing of threads:
// reads are plain calls, writes are one Changes value committed in one transaction. That is how ratchet
// state, the decrypted payload, the pre-key that was used and the journal survive a crash together.
//
// Implementations: SqliteDeviceStore (one file per account) and MemoryDeviceStore (tests). The live
// client reaches it through client/account_store.h, which keeps it off the event loop.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/signal/address.h"
#include "whatsapp/signal/keys.h"

namespace whatsapp::store {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::Result;
using UnixSeconds = std::int64_t;

// ---- the device itself ----------------------------------------------------------------------------

/// What pairing gave us. Absent while the device is unlinked.
struct PairedDevice {
  binary::Jid pn;          // own device JID, user:device@s.whatsapp.net
  binary::Jid lid;         // own device LID, user:device@lid; empty user if the server gave none
  Bytes account_identity;  // ADVSignedDeviceIdentity, all four fields, serialised
  std::string platform;    // of the phone, e.g. "android"
  std::string business_name;
  std::string push_name;
  UnixSeconds paired_at = 0;
};

/// The keys of this device and its link. Made before pairing, kept for the life of the link.
struct DeviceCredentials {
  crypto::KeyPair noise;
  crypto::KeyPair identity;
  std::uint32_t registration_id = 0;    // 1..16380
  signal::SignedPreKey signed_pre_key;  // the current one; older ones stay in signed_pre_keys
  base::Secret<32> adv_secret;
  std::optional<PairedDevice> paired;
  std::uint32_t next_pre_key_id = 1;  // only grows; wraps 0xFFFFFF → 1
  std::uint32_t login_count = 0;      // successful logins since pairing
  Bytes routing_info;                 // opaque; empty: none
};

// ---- rows -----------------------------------------------------------------------------------------

struct IdentityRow {
  crypto::PublicKey key{};
  UnixSeconds updated_at = 0;
};

struct PreKeyRow {
  signal::PreKey key;
  enum class Upload { kPending, kConfirmed, kHandedOutDirectly } upload = Upload::kPending;
};

/// PN and LID user of one person, digits only.
struct LidMapping {
  std::string pn_user;
  std::string lid_user;
};

/// The devices of one user as usync told. `user` is the canonical non-device JID as text.
struct DeviceListRow {
  struct Device {
    std::uint16_t id = 0;
    std::uint32_t key_index = 0;
    bool hosted = false;
  };
  std::string user;
  std::vector<Device> devices;
  UnixSeconds fetched_at = 0;
};

/// A message we sent, kept to answer retry receipts. Bounded by count and age (purge()).
struct SentMessageRow {
  std::string chat;  // JID text as on the wire's `to`
  std::string id;
  Bytes payload;     // serialised Message, unpadded
  std::string type;  // stanza attribute `type`
  std::string edit;  // stanza attribute `edit`, empty: none
  UnixSeconds sent_at = 0;
};

/// (chat, sender, id) of a message already taken in; purged by age.
struct SeenMessage {
  std::string chat;
  std::string sender;
  std::string id;
  UnixSeconds seen_at = 0;
};

/// Counters of the retry protocol, by any key the caller builds, e.g. "out|chat|id|device".
struct RetryCounter {
  std::string key;
  std::uint32_t count = 0;
  Bytes base_key;  // remembered session base key (spec 04 §8.8); may be empty
  UnixSeconds updated_at = 0;
};

// ---- the journal of what the edge queued ----------------------------------------------------------

/// Life of one queued message. It only moves forward, and each step is committed before its effect:
/// claimed → sending (ratchet advanced, stanza may be on the wire) → sent (server ack) → marked (edge knows);
/// or claimed/sending → failed → marked (unmarkable when the edge has no way to be told). A message that
/// failed and is queued again by the edge begins anew.
struct OutboundRow {
  enum class State { kClaimed, kSending, kSent, kFailed, kMarked, kUnmarkable };
  std::string queue_id;       // the edge's message id
  std::string wa_message_id;  // derived from instance and queue id: the same after any crash
  State state = State::kClaimed;
  std::string to_original;
  std::string to_normalized;
  std::string payload;  // the queued message as JSON, to send it again after a crash; wiped when marked
  Bytes stanza;         // the encoded stanza once built: re-sent byte for byte until acked; wiped when acked
  std::string error;    // stable word, when failed
  std::string debug;    // JSON for send_debug
  std::int64_t order = 0;  // position in the queue, per account
  UnixSeconds updated_at = 0;
};

// ---- the spool of what the edge must still hear ---------------------------------------------------

/// A message taken in but not yet accepted by the edge.
struct InboundRow {
  std::int64_t sequence = 0;  // assigned by the store on insert, ascending
  std::string chat;           // order is kept per chat
  std::string message_id;
  std::string payload;  // the JSON body of POST /inbound
  UnixSeconds received_at = 0;
};

struct InboundBacklog {
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

/// Something that happened, not yet accepted by the edge: the JSON body of one entry of POST /events.
struct EventRow {
  std::int64_t sequence = 0;  // assigned by the store on insert, ascending
  std::string payload;
  UnixSeconds happened_at = 0;
};

// ---- records --------------------------------------------------------------------------------------

/// A fact of some kind under a key, for what needs no columns of its own: group metadata, who has which
/// sender key, privacy tokens, app-state MACs, contact names. The part that owns a kind defines the bytes.
/// Records belong to the link and go with it.
struct RecordRow {
  std::string kind;
  std::string key;
  Bytes value;
  UnixSeconds expires_at = 0;  // purged after; 0: never
};
struct RecordName {
  std::string kind;
  std::string key;  // empty: every record of the kind
};

// ---- changes --------------------------------------------------------------------------------------

/// A batch that is committed whole or not at all. Within one batch the last put of a key wins; device lists
/// and records are dropped before they are put, pre-keys are put before they are confirmed or used.
struct Changes {
  std::optional<DeviceCredentials> credentials;

  std::vector<std::pair<signal::Address, std::optional<Bytes>>> sessions;  // nullopt deletes
  std::vector<std::pair<signal::Address, std::optional<IdentityRow>>> identities;
  std::vector<PreKeyRow> pre_keys;
  std::vector<std::uint32_t> pre_keys_used;       // deleted
  std::vector<std::uint32_t> pre_keys_confirmed;  // uploaded: the server has them
  std::vector<signal::SignedPreKey> signed_pre_keys;
  /// (group JID or "status@broadcast", sender address) → serialised SenderKeyRecord
  std::vector<std::pair<std::pair<std::string, signal::Address>, std::optional<Bytes>>> sender_keys;

  std::vector<LidMapping> lid_mappings;  // replaces both stale directions
  std::vector<DeviceListRow> device_lists;
  std::vector<std::string> device_lists_dropped;  // users
  bool all_device_lists_dropped = false;

  std::vector<SentMessageRow> sent_messages;
  std::vector<SeenMessage> seen_messages;
  std::vector<RetryCounter> retry_counters;

  std::vector<OutboundRow> outbound;            // insert or replace by queue_id
  std::vector<InboundRow> inbound;              // inserted; sequence is assigned
  std::vector<std::int64_t> inbound_delivered;  // sequences, deleted

  std::vector<EventRow> events;                // inserted; sequence is assigned
  std::vector<std::int64_t> events_delivered;  // sequences, deleted

  std::vector<std::pair<std::string, std::optional<Bytes>>> values;  // small facts by name; nullopt deletes
  std::vector<RecordName> records_dropped;                           // before records are put
  std::vector<RecordRow> records;                                    // insert or replace by kind and key

  [[nodiscard]] bool empty() const;
  /// Appends `later`, whose puts and deletions win.
  void merge(Changes&& later);
};

// ---- the interface --------------------------------------------------------------------------------

/// One account's memory. Not thread-safe: one thread at a time. Every call may fail with kIo or kCorrupt.
class DeviceStore {
 public:
  virtual ~DeviceStore() = default;

  /// Durable when it returns (as STORE_DURABILITY says). All or nothing.
  virtual Result<void> commit(const Changes& changes) = 0;

  virtual Result<std::optional<DeviceCredentials>> credentials() = 0;

  virtual Result<std::optional<Bytes>> session(const signal::Address& address) = 0;
  /// In the order asked; nullopt where there is none.
  virtual Result<std::vector<std::optional<Bytes>>> sessions(std::span<const signal::Address> addresses) = 0;
  /// Every device of one user that has a session, for migration and identity changes.
  virtual Result<std::vector<signal::Address>> session_addresses(const std::string& user,
                                                                 signal::Domain domain) = 0;
  virtual Result<std::optional<IdentityRow>> identity(const signal::Address& address) = 0;
  virtual Result<std::optional<PreKeyRow>> pre_key(std::uint32_t id) = 0;
  /// Oldest first, at most `limit`.
  virtual Result<std::vector<PreKeyRow>> pending_pre_keys(std::size_t limit) = 0;
  /// Keys uploaded (or handed out) and not used yet.
  virtual Result<std::size_t> confirmed_pre_key_count() = 0;
  virtual Result<std::optional<signal::SignedPreKey>> signed_pre_key(std::uint32_t id) = 0;
  virtual Result<std::optional<Bytes>> sender_key(const std::string& group,
                                                  const signal::Address& sender) = 0;

  virtual Result<std::optional<std::string>> lid_of(const std::string& pn_user) = 0;
  virtual Result<std::optional<std::string>> pn_of(const std::string& lid_user) = 0;
  virtual Result<std::optional<DeviceListRow>> device_list(const std::string& user) = 0;

  virtual Result<std::optional<SentMessageRow>> sent_message(const std::string& id) = 0;
  virtual Result<bool> seen(const std::string& chat, const std::string& sender, const std::string& id) = 0;
  virtual Result<std::optional<RetryCounter>> retry_counter(const std::string& key) = 0;

  virtual Result<std::optional<OutboundRow>> outbound(const std::string& queue_id) = 0;
  virtual Result<std::optional<OutboundRow>> outbound_by_message_id(const std::string& wa_message_id) = 0;
  /// Everything neither marked nor unmarkable, in queue order.
  virtual Result<std::vector<OutboundRow>> unmarked_outbound() = 0;

  /// The next rows to deliver, oldest first, with a sequence above `after`.
  virtual Result<std::vector<InboundRow>> inbound_page(std::int64_t after, std::size_t limit) = 0;
  virtual Result<InboundBacklog> inbound_backlog() = 0;

  /// Likewise for events.
  virtual Result<std::vector<EventRow>> events_page(std::int64_t after, std::size_t limit) = 0;
  virtual Result<std::uint64_t> event_count() = 0;

  virtual Result<std::optional<Bytes>> value(const std::string& name) = 0;

  virtual Result<std::optional<Bytes>> record(const std::string& kind, const std::string& key) = 0;
  /// Ascending by key, those above `after_key`, at most `limit`.
  virtual Result<std::vector<RecordRow>> records(const std::string& kind, const std::string& after_key,
                                                 std::size_t limit) = 0;
  virtual Result<std::uint64_t> record_count(const std::string& kind) = 0;

  /// Forgets what has expired: seen messages, sent messages, retry counters, marked journal rows
  /// (store/retention.h), records past their date.
  virtual Result<void> purge(UnixSeconds now) = 0;

  /// The link is gone (logged out) or beyond repair (Bad MAC breaker): forgets keys, sessions, lists, values
  /// and records, so that the next pairing begins clean. What is owed to the edge stays: the journal (without
  /// stanzas, which nobody can use any more) and the spools. With `copy_to`, a folder that does not exist
  /// yet, a whole copy is put there first; it can be opened like any account's folder.
  virtual Result<void> forget_link(const std::optional<std::string>& copy_to) = 0;

  /// Gives back what can be had again: the open file, its caches. The next call opens it by itself; the
  /// account stays locked against other processes.
  virtual void rest() {}
};

}  // namespace whatsapp::store
