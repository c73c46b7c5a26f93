// The edge proxy as the daemon sees it: every call of the contract, typed. EdgeClient speaks HTTP; tests of
// the rooms above write a fake.
//
// Errors, the same for every call:
//   kCancelled    the caller's scope was closed, or the call was superseded
//   kUnavailable  network, 408, 425, 429, 5xx; detail: HTTP status or 0 — after the retries that were asked
//   for kTimeout      the same, when the last attempt ran out of time kRejected     401/403 (the secret is
//   wrong), or another 4xx: final for this request. detail: HTTP status;
//                 message: first 220 characters of the body
//   kNotFound     an optional endpoint that this edge does not implement (404, 405); remembered for 10
//   minutes kMalformed    a 2xx answer that does not follow the contract kLimit        an answer or file over
//   its bound
//
//   auto call = edge::Call{.retry = edge::Retry::until(deadline)};   // name it before the co_await (task.h)
//   auto settings = co_await edge.worker_settings(call);
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "edge/types.h"
#include "runtime/task.h"

namespace edge {

/// How long a call keeps trying what may succeed later (see RetryPolicy for the pace).
struct Retry {
  enum class Mode { kOnce, kUntil, kForever } mode = Mode::kOnce;
  base::Clock::time_point deadline{};  // with kUntil: no attempt starts after it

  static Retry once() { return {}; }
  static Retry until(base::Clock::time_point when) { return {Mode::kUntil, when}; }
  static Retry forever() { return {Mode::kForever, {}}; }
};

/// What belongs to one call besides its request.
struct Call {
  Retry retry;
  /// The same for every retry of the same fact, also across restarts. Empty: derived from the request where
  /// the request names the fact (mark-*, inbound, uploads, events), random otherwise.
  std::string idempotency_key;
  std::string traceparent;             // W3C; empty: a fresh one
  std::optional<std::uint64_t> fence;  // of the instance's lock, sent as X-Fencing-Token
  /// Asked between attempts: true ends the call with kCancelled, because newer news takes its place.
  std::function<bool()> superseded;
};

/// What the last answers say about the edge, for /ready.
enum class Reachability { kUnknown, kOk, kUnreachable, kUnauthorized };

class Edge {
 public:
  template <class T>
  using Reply = runtime::Task<base::Result<T>>;

  virtual ~Edge() = default;

  virtual Reply<WorkerSettings> worker_settings(Call call) = 0;
  /// All pages, sorted by priority descending (stable), at most `limit` of them; duplicates and entries
  /// without an id are left out.
  virtual Reply<std::vector<EligibleInstance>> eligible_instances(std::uint32_t limit, Call call) = 0;
  virtual Reply<void> update_status(StatusUpdate update, Call call) = 0;

  virtual Reply<QueueListing> queued_messages(std::string instance_id, Call call) = 0;
  virtual Reply<void> mark_sent(MarkSent mark, Call call) = 0;
  virtual Reply<void> mark_failed(MarkFailed mark, Call call) = 0;

  virtual Reply<void> inbound(InboundMessage message, Call call) = 0;
  /// The contact's id. kConflict when the edge is just creating it (409, or 500 with a duplicate key).
  /// contact_resolver.h remembers the answers.
  virtual Reply<std::string> resolve_contact(ContactQuery query, Call call) = 0;
  /// The phone-number JID of a `@lid` JID, if the edge knows one.
  virtual Reply<std::optional<std::string>> primary_jid(std::string instance_id, std::string lid,
                                                        Call call) = 0;
  /// The media's URL.
  virtual Reply<std::string> upload_media(MediaUpload upload, Call call) = 0;

  /// kConflict: another owner has it (`lock_conflict`). kNotFound: the edge does not know the instance.
  virtual Reply<LockGrant> acquire_lock(LockRequest request, Call call) = 0;
  /// Any error means "unknown": the lock may or may not be ours any more. kConflict: it certainly is not.
  virtual Reply<LockGrant> renew_lock(HeldLock lock, Call call) = 0;
  /// `handoff_to`: the owner that should get it next; may be empty.
  virtual Reply<void> release_lock(HeldLock lock, std::string handoff_to, Call call) = 0;

  // Capabilities: only when worker_settings() names them.
  virtual Reply<QueueListing> claim_messages(ClaimRequest request, Call call) = 0;  // queue.batch
  virtual Reply<LockBatchGrant> renew_locks(LockBatch batch, Call call) = 0;        // lock.batch
  virtual Reply<void> send_events(std::vector<Event> events, Call call) = 0;        // events
  /// Asked only while the queue is not polled, since the queue's answer brings them too.
  virtual Reply<std::vector<InstanceCommand>> commands(std::string instance_id, Call call) = 0;  // commands
  virtual Reply<void> command_result(CommandResult result, Call call) = 0;                       // commands

  [[nodiscard]] virtual Reachability reachability() const = 0;
};

}  // namespace edge
