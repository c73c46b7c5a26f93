// What the edge remembers, as values. Times are Unix milliseconds, as the database keeps them; 0 is none.
// Empty strings are "not given".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace edge_server {

using Millis = std::int64_t;

/// What people decide about an instance.
struct InstanceSettings {
  std::string id;
  std::string name;
  std::int64_t priority = 0;
  bool enabled = true;
  std::string pairing_phone;
  std::string proxy_url;
  std::string settings_json;  // object handed on to the worker: logout, humanize, reject_calls, …
};

/// The fields of a PATCH: what is absent stays.
struct InstanceChange {
  std::optional<std::string> name;
  std::optional<std::int64_t> priority;
  std::optional<bool> enabled;
  std::optional<std::string> pairing_phone;
  std::optional<std::string> proxy_url;
  std::optional<std::string> settings_json;
};

/// What a worker said last about an instance.
struct StatusReport {
  enum class Qr { kUnchanged, kReplace };

  std::string status = "DISCONNECTED";
  Qr qr_change = Qr::kUnchanged;  // an absent qr_code leaves the stored one, a null removes it
  std::string qr_code;            // PNG data URL
  std::string qr;                 // raw text
  std::string pairing_code;
  std::string reason;
  std::int64_t reason_code = 0;
  std::int64_t attempt = 0;
  std::string next_retry_at;
  std::string jid, lid, push_name;
  std::string passkey_json;
  Millis at = 0;
};

struct Instance {
  InstanceSettings settings;
  StatusReport report;
  Millis qr_at = 0;  // when the QR last changed
  Millis created_at = 0;
  std::string worker;       // lock owner, even after its lock has run out
  Millis worker_until = 0;  // when its lock runs out
};

struct InstanceQuery {
  enum class Which { kAll, kEnabled } which = Which::kAll;
  std::size_t limit = 50;
  std::optional<std::pair<std::int64_t, std::string>> after;  // priority and id of the last one seen
};

// ---- locks ------------------------------------------------------------------------------------------

struct LockClaim {
  std::string instance_id;
  std::string owner;
  std::string token;  // acquire: the token to give if it succeeds; renew and release: the one held
  Millis ttl = 30'000;
  Millis now = 0;
};

struct Lock {
  std::string owner;
  std::string token;
  std::uint64_t fence = 0;  // grows with every grant, for ever
  Millis expires_at = 0;
};

// ---- messages ---------------------------------------------------------------------------------------

enum class Direction { kIn, kOut };
enum class MessageState { kQueued, kClaimed, kSent, kFailed, kReceived };

struct Message {
  std::int64_t seq = 0;  // order of arrival at the edge
  std::string id;
  std::string instance_id;
  Direction direction = Direction::kOut;
  MessageState state = MessageState::kQueued;
  std::string chat;    // canonical JID of the conversation: a PN where one is known
  std::string sender;  // inbound: the author
  std::string sender_name;
  std::string kind = "text";
  std::string body;
  std::string wa_id;
  std::string receipt;  // server, delivered, read, played
  std::string error, error_code;
  std::string payload_json;  // outbound: what the worker gets; inbound: what the worker sent
  Millis created_at = 0;
  Millis sent_at = 0;
};

/// Names one POST of a person, so that its repetition is recognised. Empty key: none.
struct Idempotency {
  std::string key;
  std::string request_hash;
};

struct Enqueued {
  enum class How { kCreated, kRepeated, kKeyReusedForAnother } how = How::kCreated;
  Message message;
};

enum class Stored { kNew, kDuplicate };

struct SentMark {
  std::string message_id;
  std::string wa_id;
  std::string chat;  // where it really went; empty: unknown
  Millis sent_at = 0;
};

struct FailedMark {
  std::string message_id;
  std::string error;
  std::string error_code;
};

struct ClaimOrder {
  std::vector<std::string> instance_ids;
  std::size_t limit = 100;
  Millis lease_until = 0;
  Millis now = 0;
};

/// Pages by `seq`. Newest first unless `oldest_first`.
struct MessageQuery {
  enum class Order { kNewestFirst, kOldestFirst } order = Order::kNewestFirst;
  std::string instance_id;
  std::string chat;  // empty: all
  std::optional<std::int64_t> cursor;
  std::size_t limit = 50;
};

struct Chat {
  std::string chat;
  std::string name;
  Message last;
};

struct LidPair {
  std::string lid;  // user@lid
  std::string pn;   // user@s.whatsapp.net
};

struct ContactKey {
  std::string instance_id;
  std::string jid;
  std::string push_name;
  std::string new_id;  // given to the contact if it is new
  Millis now = 0;
};

// ---- commands -----------------------------------------------------------------------------------------

/// A command that no worker has answered for so long has expired.
inline constexpr Millis kCommandLife = 600'000;

/// What a person asks an instance to do besides sending. Given to the worker until it answers, at most for a
/// while; then it has expired.
struct Command {
  enum class State { kWaiting, kSucceeded, kFailed, kExpired };
  std::string id;
  std::string instance_id;
  std::string name;
  std::string args_json;
  State state = State::kWaiting;
  std::string result_json;
  std::string error_code, error;
  Millis created_at = 0;
  Millis finished_at = 0;
};

struct CommandEnd {
  std::string command_id;
  std::string result_json;
  std::string error_code, error;  // no code: it succeeded
  Millis now = 0;
};

// ---- the rest -----------------------------------------------------------------------------------------

struct EventRecord {
  std::int64_t seq = 0;
  std::string id;
  std::string instance_id;
  std::string type;
  std::string data_json;  // the whole event
  Millis received_at = 0;
};

struct MediaRecord {
  std::string id;  // unguessable: knowing the URL is the permission
  std::string instance_id;
  std::string source_key;  // names the upload, so that its repetition gets the same URL
  std::string mime_type;
  std::string file_name;
  std::uint64_t size = 0;
  Millis created_at = 0;
};

}  // namespace edge_server
