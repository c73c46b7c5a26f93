// What worker and edge tell each other, as values. One struct per request or answer of the edge contract
// (docs/edge-api.yaml); how they look as JSON is known only to edge/json_codec.cpp. Empty strings and empty
// optionals mean "not given". Times are calendar times; JIDs are text as the edge sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "runtime/body_stream.h"

namespace edge {

using WallTime = base::Clock::wall_time;

/// GET /worker-settings.
struct WorkerSettings {
  std::optional<std::uint32_t> max_active_instances;  // absent: the worker's own setting holds
  std::vector<std::string> capabilities;  // "queue.batch", "lock.batch", "events", "commands", …
  [[nodiscard]] bool has(std::string_view capability) const;
};

/// One entry of GET /eligible-instances.
struct EligibleInstance {
  std::string id;
  std::int64_t priority = 0;
  std::string pairing_phone;  // link by code with this number instead of a QR
  std::string proxy_url;      // egress of this account
  std::string display_name;
  std::string settings_json;  // the `settings` object as it came

  bool operator==(const EligibleInstance&) const = default;
};

enum class InstanceStatus { kConnecting, kConnected, kDisconnected };

/// POST /update-status. The newest status of an instance wins; see status_reporter.h.
struct StatusUpdate {
  std::string instance_id;
  InstanceStatus status = InstanceStatus::kConnecting;
  std::string qr_code;  // PNG data URL; only with kConnecting
  std::string qr;       // the QR's raw text
  std::string pairing_code;
  std::string reason;  // stable word, e.g. "logged_out"
  std::optional<int> reason_code;
  std::optional<std::uint32_t> attempt;
  std::optional<WallTime> next_retry_at;
  std::string jid, lid, push_name;
  std::string passkey_json;  // object, as the passkey flow defines it
  std::optional<WallTime> at;
};

/// Outbound media of a queued message: fetched from `url` by the worker.
struct QueuedMedia {
  std::string url;
  std::string media_type;  // image, video, audio, document, …; taken from the MIME type when absent
  std::string mime_type;
  std::string file_name;
};

/// A message that the edge wants sent.
struct QueuedMessage {
  std::string id;
  std::string instance_id;  // filled in from the request when the edge leaves it out
  std::string to;           // not yet resolved
  std::string body;
  std::optional<QueuedMedia> media;
  std::string type;          // the contract's kind; never empty here: derived when the edge leaves it out
  std::string payload_json;  // of a typed kind: what says which place, contact, message, …; object or array
  std::string extras_json;   // object: what any kind may have besides (view_once, link_preview, …)
  std::string quoted_id;
  std::string quoted_sender;
  std::string quoted_body;  // its text, for those who do not have that message any more
  std::vector<std::string> mentions;
  std::optional<WallTime> expires_at;
};

/// A queue entry that cannot be sent at all: mark it failed with `malformed-message`.
struct MalformedMessage {
  std::string id;
  std::string instance_id;
  std::string to;   // what there was
  std::string why;  // a few words for the operator
};

/// Something an instance is asked to do besides sending: "group.create", "chat.read", "presence.subscribe".
struct InstanceCommand {
  std::string id;
  std::string instance_id;
  std::string name;
  std::string args_json;  // object
};

/// POST /command-result. Either a result or an error.
struct CommandResult {
  std::string command_id;
  std::string instance_id;
  std::string result_json;  // object
  std::string error_code;   // stable word; empty: it succeeded
  std::string error;
};

/// GET /queued-messages or POST /queued-messages/claim. Entries without an id cannot be marked: they are only
/// counted.
struct QueueListing {
  std::vector<QueuedMessage> messages;
  std::vector<MalformedMessage> malformed;
  std::vector<InstanceCommand> commands;  // beside the messages: no second poll is needed for them
  std::size_t without_id = 0;
};

/// How a destination was understood, for the person who looks at the edge.
struct SendDebug {
  std::string to_original;
  std::string to_normalized;
  std::string result;
};

/// POST /mark-sent.
struct MarkSent {
  std::string message_id;
  std::string wa_message_id;
  SendDebug send_debug;
  std::string instance_id;
  std::optional<WallTime> sent_at;
};

enum class Retryable { kNo, kYes };

/// POST /mark-failed. `error` begins with the stable word; `error_code` is the word alone.
struct MarkFailed {
  std::string message_id;
  std::string error;
  SendDebug send_debug;
  std::string instance_id;
  std::string error_code;
  Retryable retryable = Retryable::kNo;
};

enum class MessageOrigin { kReceived, kFromMe };

/// Media of an inbound message, already uploaded (or given up: `error` says why and `url` is empty).
struct InboundMedia {
  std::string media_type;  // image, video, audio, document, sticker
  std::string url;
  std::string mime_type;
  std::string file_name;
  std::optional<std::uint64_t> file_size;
  std::string error;
};

/// POST /inbound. `chat_id` is written in both spellings, `chat_type` follows from it.
struct InboundMessage {
  std::string instance_id;
  std::string from;  // group: participant; direct: remote JID
  std::string to;    // own JID
  std::string body;  // may be empty when there is media or a payload
  std::string chat_id;
  std::string sender_jid_raw;
  std::string sender_pn, sender_lid;
  std::string sender_contact_id;
  std::string push_name;
  std::string wa_message_id;
  std::optional<std::int64_t> timestamp;  // Unix seconds
  MessageOrigin origin = MessageOrigin::kReceived;
  std::optional<InboundMedia> media;

  std::string kind;  // the contract's kind word
  struct Context {
    std::string quoted_id;
    std::string quoted_sender{};  // JID
    std::vector<std::string> mentions;
    enum class Mark { kNo, kYes };
    Mark forwarded = Mark::kNo;
    Mark ephemeral = Mark::kNo;
    Mark view_once = Mark::kNo;
    std::uint32_t forwarding_score = 0;  // 0: not forwarded
    std::uint32_t expiration = 0;        // seconds until it disappears; 0: it stays
  };
  std::optional<Context> context;
  std::string payload_json;  // value of the key named `payload_key`: location, contacts, reaction, poll, …
  std::string payload_key;
  std::string edit_of, revoke_of;  // WhatsApp ids
};

enum class JidType { kPn, kLid };

/// POST /contacts/resolve.
struct ContactQuery {
  std::string instance_id;
  std::string jid;
  JidType jid_type = JidType::kPn;
  std::string push_name;
};

/// POST /upload-media: the file goes through in pieces, however long it is.
struct MediaUpload {
  std::string instance_id;
  std::string wa_message_id;
  std::string mime_type;
  std::string file_name;
  runtime::BodySource* content = nullptr;  // never null; must outlive the call
  /// kMultipart: only when the edge names the capability upload.multipart.
  enum class Form { kJsonBase64, kMultipart } form = Form::kJsonBase64;
};

/// POST /instance-lock/acquire.
struct LockRequest {
  std::string instance_id;
  std::string owner;
  base::Duration ttl{30'000};
};

/// POST /instance-lock/renew and /release: a lock we hold.
struct HeldLock {
  std::string instance_id;
  std::string owner;
  std::string token;
  base::Duration ttl{30'000};
};

struct LockGrant {
  std::string owner;
  std::string token;
  std::optional<std::uint64_t> fence;
  std::optional<WallTime> expires_at;
  /// When the request that succeeded began: the worker counts the TTL from here.
  base::Clock::time_point requested_at{};
};

/// POST /instance-lock/renew-batch. Locks of one owner.
struct LockBatch {
  std::string owner;
  base::Duration ttl{30'000};
  struct Entry {
    std::string instance_id;
    std::string token;
  };
  std::vector<Entry> locks;
};

/// The locks that were renewed; those not named were not.
struct LockBatchGrant {
  struct Entry {
    std::string instance_id;
    std::optional<std::uint64_t> fence;
    std::optional<WallTime> expires_at;
  };
  std::vector<Entry> renewed;
  base::Clock::time_point requested_at{};
};

/// POST /queued-messages/claim: a long poll for all instances of a worker at once.
struct ClaimRequest {
  std::vector<std::string> instance_ids;
  std::uint32_t limit = 100;
  base::Duration lease{60'000};  // claimed messages are offered again after this
  base::Duration wait{25'000};   // the edge may hold the answer back this long while there is nothing
};

/// One entry of POST /events.
struct Event {
  std::string id;    // stable across retries: the edge deduplicates by it
  std::string type;  // "message.status", "presence", "group.changed", "call", "history", …
  std::string instance_id;
  WallTime at{};
  std::string data_json;  // object with the rest of the fields
};

}  // namespace edge
