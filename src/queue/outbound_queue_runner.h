// Sends what the edge has queued for one account, each message once. While the account is connected the queue
// is polled; every message is journalled before anything happens to it, sent in queue order per chat with
// different chats side by side, and reported until the edge has heard.
//
//   poll ─▶ claimed ─▶ sending ─▶ sent ─▶ marked          (journal states, whatsapp/store/device_store.h)
//                └────────┴─▶ failed ─▶ marked
//
// Why never twice: the WhatsApp id is derived from instance and queue id, the stanza is durable before it is
// written, and an unknown outcome is settled with the same bytes. A message that the edge gives out again is
// looked up in the journal: under way → left alone; sent → marked sent again; failed a while ago and marked
// so → somebody queued it anew, so it is tried anew.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/log.h"
#include "base/random.h"
#include "edge/edge.h"
#include "queue/lid_lookup.h"
#include "queue/link_gate.h"
#include "queue/mark_desk.h"
#include "queue/message_delivery.h"
#include "queue/message_sender.h"
#include "queue/outbound_journal.h"
#include "runtime/event_loop.h"
#include "runtime/keyed_lanes.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"

namespace worker {

struct QueueSettings {
  std::string instance_id;
  base::Duration poll{2'000};
  base::Duration longest_poll_pause{60'000};  // while the edge cannot be reached
  std::size_t parallel_chats = 8;
  std::size_t most_unsent = 100;             // claimed at a time; the rest waits at the edge
  std::size_t most_unmarked = 2'000;         // sent, but the edge does not hear: no more polling beyond
  base::Duration failed_may_return{60'000};  // a failed message given out again after this is tried anew
};

struct QueueDependencies {
  runtime::EventLoop& loop;
  edge::Edge& edge;
  whatsapp::AccountStore& store;
  MessageSender& sender;
  base::Random& random;
  base::Log log;
  std::optional<std::uint64_t> fence;                      // of the instance's lock
  std::function<void(const std::string& result)> counted;  // "sent", "failed", "marked"; may be empty
  std::function<void(edge::InstanceCommand)> command{};    // one that came with the queue; may be empty
  MediaPreparer* media = nullptr;                          // null: files cannot be sent
};

class OutboundQueueRunner {
 public:
  OutboundQueueRunner(QueueDependencies dependencies, QueueSettings settings);
  ~OutboundQueueRunner();  // run() must have returned
  OutboundQueueRunner(const OutboundQueueRunner&) = delete;
  OutboundQueueRunner& operator=(const OutboundQueueRunner&) = delete;

  /// Until cancelled; once per object. What is under way then is journalled and goes on in the next life.
  runtime::Task<void> run();

  enum class Link { kUp, kDown };
  /// kUp exactly while the instance is CONNECTED. Begins down.
  void set_link(Link link);

  /// Claimed and neither sent nor failed; sent or failed and not yet marked.
  [[nodiscard]] std::size_t unsent() const { return unsent_; }
  [[nodiscard]] std::size_t unmarked() const { return marks_.pending(); }

 private:
  struct Candidate;

  runtime::Task<void> recover_and_poll();
  runtime::Task<void> poll_forever();
  runtime::Task<base::Result<void>> poll_once();
  runtime::Task<base::Result<void>> accept(edge::QueueListing listing);
  std::vector<Candidate> unknown_entries(edge::QueueListing listing);
  runtime::Task<void> preset_destination(OutboundRow& row);
  std::optional<OutboundRow> row_for(Candidate& candidate, std::optional<OutboundRow> known);
  OutboundRow new_row(Candidate& candidate);

  void start(OutboundRow row);
  runtime::Task<void> deliver(OutboundRow row);
  void finished(const OutboundRow& row);
  void count(const char* result);

  QueueDependencies with_;
  QueueSettings settings_;
  runtime::TaskScope scope_;
  LinkGate gate_;
  OutboundJournal journal_;
  LidLookup lids_;
  MessageDelivery delivery_;
  MarkDesk marks_;
  runtime::KeyedLanes chats_;

  std::unordered_set<std::string> under_way_;  // queue ids from claim to mark
  std::size_t unsent_ = 0;
  std::int64_t next_order_ = 1;
};

}  // namespace worker
