#include "queue/outbound_queue_runner.h"

#include <algorithm>
#include <variant>

#include "queue/destination.h"
#include "queue/queued_payload.h"
#include "runtime/one_shot.h"
#include "whatsapp/message/message_id.h"

namespace worker {

using base::Result;
using runtime::Done;
using runtime::OneShot;
using runtime::Task;
using State = OutboundRow::State;

namespace {

constexpr std::size_t kLongestQueueId = 512;

bool is_finished(State state) { return state == State::kMarked || state == State::kUnmarkable; }
bool awaits_mark(State state) {
  return state == State::kSent || state == State::kFailed || is_finished(state);
}

/// Messages with the same key keep their order.
std::string chat_key(const OutboundRow& row) {
  if (!row.to_normalized.empty()) return row.to_normalized;
  const Destination destination = parse_destination(row.to_original);
  if (const auto* ready = std::get_if<ReadyDestination>(&destination)) return ready->jid.to_string();
  if (const auto* lid = std::get_if<LidDestination>(&destination)) return lid->lid.to_string();
  return row.to_original;
}

}  // namespace

/// An entry of a poll that is not under way: a message, or why it cannot be one.
struct OutboundQueueRunner::Candidate {
  std::string id;
  std::string to;
  std::variant<edge::QueuedMessage, edge::MalformedMessage> entry;
};

OutboundQueueRunner::OutboundQueueRunner(QueueDependencies dependencies, QueueSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      scope_(with_.loop),
      gate_(with_.loop),
      journal_(with_.loop, with_.store, with_.random, with_.log),
      lids_(with_.loop, with_.edge, with_.sender, settings_.instance_id, with_.fence),
      delivery_({with_.loop, with_.sender, gate_, lids_, journal_, with_.random, settings_.instance_id,
                 with_.log, with_.media}),
      marks_({with_.loop, with_.edge, journal_, with_.random, settings_.instance_id, with_.fence, with_.log,
              [this](const OutboundRow& row) { finished(row); }},
             scope_),
      chats_(scope_, settings_.parallel_chats) {}

OutboundQueueRunner::~OutboundQueueRunner() = default;

void OutboundQueueRunner::set_link(Link link) {
  if (link == Link::kUp) {
    gate_.open();
  } else {
    gate_.close();
  }
}

Task<void> OutboundQueueRunner::run() {
  scope_.spawn(recover_and_poll());
  OneShot<Done> stopped(with_.loop);
  (void)co_await stopped.wait();  // only cancellation ends it
  co_await scope_.close();
}

// ---- taking in ------------------------------------------------------------------------------------

Task<void> OutboundQueueRunner::recover_and_poll() {
  auto rows = co_await journal_.unfinished();
  if (!rows) co_return;
  if (!rows->empty()) {
    next_order_ = rows->back().order + 1;
    with_.log.info("queued messages of an earlier run go on", {{"messages", rows->size()}});
  }
  for (auto& row : *rows) start(std::move(row));
  co_await poll_forever();
}

Task<void> OutboundQueueRunner::poll_forever() {
  const Pace pace{.first = settings_.poll, .longest = settings_.longest_poll_pause};
  // So that the accounts of a worker do not all ask at the same moment.
  const auto span = static_cast<std::uint64_t>(std::max<std::int64_t>(settings_.poll.count(), 1));
  auto pause = base::Duration{static_cast<std::int64_t>(with_.random.below(span))};
  for (unsigned failures = 0;;) {
    if (const auto slept = co_await runtime::sleep_for(with_.loop, pause); !slept) co_return;
    if (const auto open = co_await gate_.wait_open(); !open) co_return;
    const auto polled = co_await poll_once();
    failures = polled ? 0 : failures + 1;
    if (failures == 1 && polled.error().code != base::ErrorCode::kCancelled)
      with_.log.warn("the queue cannot be read now", {{"error", polled.error().message}});
    pause = polled ? settings_.poll : pace.pause_after(failures, with_.random);
  }
}

Task<Result<void>> OutboundQueueRunner::poll_once() {
  if (unsent_ >= settings_.most_unsent || marks_.pending() >= settings_.most_unmarked)
    co_return Result<void>{};
  edge::Call call;
  call.fence = with_.fence;
  WA_CO_TRY(auto listing, co_await with_.edge.queued_messages(settings_.instance_id, std::move(call)));
  if (listing.without_id > 0)
    with_.log.warn("queue entries without an id cannot be handled", {{"entries", listing.without_id}});
  if (with_.command)
    for (auto& command : listing.commands) with_.command(std::move(command));
  co_return co_await accept(std::move(listing));
}

std::vector<OutboundQueueRunner::Candidate> OutboundQueueRunner::unknown_entries(edge::QueueListing listing) {
  std::vector<Candidate> found;
  std::unordered_set<std::string> taken;
  const auto take = [&](auto& entry) {
    if (found.size() + unsent_ >= settings_.most_unsent) return;
    const bool ours = entry.instance_id.empty() || entry.instance_id == settings_.instance_id;
    if (!ours || entry.id.size() > kLongestQueueId || under_way_.contains(entry.id)) return;
    if (!taken.insert(entry.id).second) return;
    std::string id = entry.id, to = entry.to;
    found.push_back({std::move(id), std::move(to), std::move(entry)});
  };
  for (auto& message : listing.messages) take(message);
  for (auto& malformed : listing.malformed) take(malformed);
  return found;
}

Task<Result<void>> OutboundQueueRunner::accept(edge::QueueListing listing) {
  std::vector<Candidate> candidates = unknown_entries(std::move(listing));
  if (candidates.empty()) co_return Result<void>{};
  std::vector<std::string> ids;
  for (const auto& candidate : candidates) ids.push_back(candidate.id);
  WA_CO_TRY(auto known, co_await journal_.find(std::move(ids)));

  std::vector<OutboundRow> claimed;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    auto row = row_for(candidates[i], std::move(known[i]));
    if (!row) continue;
    co_await preset_destination(*row);
    claimed.push_back(*std::move(row));
  }
  if (claimed.empty()) co_return Result<void>{};
  WA_CO_TRY_VOID(co_await journal_.claim(claimed));
  for (auto& row : claimed) start(std::move(row));
  co_return Result<void>{};
}

/// A LID that our own map knows is put into its person's chat, so that both forms keep one order.
Task<void> OutboundQueueRunner::preset_destination(OutboundRow& row) {
  const Destination destination = parse_destination(row.to_original);
  const auto* lid = std::get_if<LidDestination>(&destination);
  if (lid == nullptr || row.state != State::kClaimed) co_return;
  if (const auto pn = co_await lids_.own_pn_of(lid->lid)) row.to_normalized = pn->to_string();
}

/// The row to claim, if there is one: a row that the journal knows goes its own way.
std::optional<OutboundRow> OutboundQueueRunner::row_for(Candidate& candidate,
                                                        std::optional<OutboundRow> known) {
  if (!known) return new_row(candidate);
  const bool failed_and_marked = known->state == State::kMarked && !known->error.empty();
  if (!failed_and_marked) {
    start(*std::move(known));  // sent: marked again. Unmarkable: the edge may have the endpoint by now
    return std::nullopt;
  }
  const auto age = std::chrono::seconds{with_.loop.clock().unix_seconds() - known->updated_at};
  if (age < settings_.failed_may_return) return std::nullopt;  // its listing is older than our mark
  return new_row(candidate);
}

OutboundRow OutboundQueueRunner::new_row(Candidate& candidate) {
  OutboundRow row;
  row.queue_id = candidate.id;
  row.wa_message_id = whatsapp::message::derive_message_id(settings_.instance_id, candidate.id);
  row.to_original = candidate.to;
  row.order = next_order_++;
  row.updated_at = with_.loop.clock().unix_seconds();
  if (const auto* malformed = std::get_if<edge::MalformedMessage>(&candidate.entry)) {
    row.state = State::kFailed;
    row.error = failure_word::kMalformedMessage;
    const SendNote note{.result = malformed->why};
    row.debug = encode_note(note);
  } else {
    row.payload = encode_payload(std::get<edge::QueuedMessage>(candidate.entry));
  }
  return row;
}

// ---- moving on ------------------------------------------------------------------------------------

void OutboundQueueRunner::start(OutboundRow row) {
  under_way_.insert(row.queue_id);
  if (awaits_mark(row.state)) {
    marks_.add(std::move(row));
    return;
  }
  ++unsent_;
  const std::string chat = chat_key(row);
  chats_.add(chat, deliver(std::move(row)));
}

Task<void> OutboundQueueRunner::deliver(OutboundRow row) {
  const auto settled = co_await delivery_.deliver(row);
  --unsent_;
  if (!settled) co_return;  // stopping; the journal knows where it was
  count(row.state == State::kSent ? "sent" : "failed");
  marks_.add(std::move(row));
}

void OutboundQueueRunner::finished(const OutboundRow& row) {
  under_way_.erase(row.queue_id);
  count("marked");
}

void OutboundQueueRunner::count(const char* result) {
  if (with_.counted) with_.counted(result);
}

}  // namespace worker
