#include "connection/inbound_forwarder.h"

#include <algorithm>

#include "attachments/inbound_attachments.h"
#include "connection/event_forwarder.h"
#include "connection/inbound_payload.h"
#include "runtime/one_shot.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using runtime::Done;
using runtime::OneShot;
using runtime::Task;
using whatsapp::store::Changes;
using whatsapp::store::DeviceStore;
using whatsapp::store::InboundBacklog;

namespace {

constexpr base::Duration kPause{5'000};
constexpr base::Duration kLongPause{60'000};  // the edge refuses us as a whole: a person has to act

/// Refusals that are about us or the deployment, not about the message.
bool is_about_us(const base::Error& error) {
  return error.code == ErrorCode::kRejected &&
         (error.detail == 401 || error.detail == 403 || error.detail == 404 || error.detail == 405);
}

/// Counts its holder among the messages whose files take longer.
class Late {
 public:
  explicit Late(std::size_t& count) : count_(count) { ++count_; }
  ~Late() { --count_; }
  Late(const Late&) = delete;
  Late& operator=(const Late&) = delete;

 private:
  std::size_t& count_;
};

PendingAttachment to_pending(const whatsapp::IncomingMessage& message, const std::string& instance_id,
                             std::int64_t now) {
  PendingAttachment pending;
  pending.instance_id = instance_id;
  pending.message_id = message.id;
  pending.chat = message.chat.normalized().bare().to_string();
  pending.received_at = now;
  const bool own = message.direction == whatsapp::IncomingMessage::Direction::kFromMe;
  if (own) pending.origin = edge::MessageOrigin::kFromMe;
  if (message.chat.is_group() && !own) pending.participant = message.sender.normalized().bare().to_string();
  pending.file = *message.content.media;
  // Of no use for bringing the file, and the spool is for thousands of rows.
  pending.file.jpeg_thumbnail.clear();
  pending.file.streaming_sidecar.clear();
  return pending;
}

/// An empty text, or nothing at all, is no news.
bool has_something_to_tell(const whatsapp::IncomingMessage& message) {
  const auto& content = message.content;
  using whatsapp::message::Kind;
  if (content.kind == Kind::kNone) return false;
  return content.kind != Kind::kText || !content.text.empty();
}

bool is_lid(std::string_view jid) { return jid.ends_with("@lid"); }

}  // namespace

InboundForwarder::InboundForwarder(InboundDependencies dependencies, InboundSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      scope_(with_.loop),
      chats_(scope_, settings_.parallel_chats) {}

InboundForwarder::~InboundForwarder() = default;

// ---- into the spool -------------------------------------------------------------------------------

bool InboundForwarder::has_room() const {
  return counted_ && backlog_.rows < settings_.most_rows && backlog_.bytes < settings_.most_bytes;
}

void InboundForwarder::stage(const whatsapp::IncomingMessage& message, Changes& changes) {
  if (!has_something_to_tell(message)) return;
  Row row;
  row.chat = message.chat.to_string();
  row.message_id = message.id;
  row.payload = encode_inbound(to_inbound(message, settings_.instance_id, with_.own_jid()));
  row.received_at = with_.loop.clock().unix_seconds();
  if (message.content.media && attachments_)
    row.payload =
        with_attachment(std::move(row.payload), to_pending(message, settings_.instance_id, row.received_at));
  ++backlog_.rows;
  backlog_.bytes += row.payload.size();
  changes.inbound.push_back(std::move(row));
  if (!has_room()) note_full();
}

void InboundForwarder::staged() {
  wake();
  if (with_.events != nullptr) with_.events->staged();
}

void InboundForwarder::stage_event(const whatsapp::ClientEvent& event, Changes& changes) {
  if (with_.events != nullptr) with_.events->stage(event, changes);
}

void InboundForwarder::stage_history(const whatsapp::IncomingMessage& message, Changes& changes) {
  if (with_.events == nullptr || !has_something_to_tell(message)) return;
  with_.events->stage_history(to_inbound(message, settings_.instance_id, with_.own_jid()), changes);
}

void InboundForwarder::tell(const whatsapp::ClientEvent& event) {
  if (with_.events != nullptr) with_.events->tell(event);
}

void InboundForwarder::note_full() {
  if (std::exchange(was_full_, true)) return;
  with_.log.warn("too many messages wait for the edge; WhatsApp keeps the next ones",
                 {{"rows", backlog_.rows}, {"bytes", backlog_.bytes}});
  wake();  // perhaps it is the count that is wrong: commits may have failed after stage()
}

void InboundForwarder::make_room(const InboundBacklog& gone) {
  backlog_.rows -= std::min(backlog_.rows, gone.rows);
  backlog_.bytes -= std::min(backlog_.bytes, gone.bytes);
  // Not at the first free place: intake in bursts costs less than one message at a time.
  const bool roomy =
      backlog_.rows <= settings_.most_rows / 10 * 9 && backlog_.bytes <= settings_.most_bytes / 10 * 9;
  if (!was_full_ || !roomy) return;
  was_full_ = false;
  if (with_.room_again) with_.room_again();
}

// ---- out of the spool -----------------------------------------------------------------------------

Task<void> InboundForwarder::run() {
  scope_.spawn(feed_forever());
  OneShot<Done> stopped(with_.loop);
  (void)co_await stopped.wait();  // only cancellation ends it
  co_await scope_.close();
}

Task<void> InboundForwarder::feed_forever() {
  auto ready = co_await count_spool();
  while (ready) {
    const auto loaded = co_await load_page();
    if (!loaded) {
      with_.log.error("the spool of arrived messages cannot be read now",
                      {{"error", loaded.error().message}});
      ready = co_await runtime::sleep_for(with_.loop, kPause);
    } else if (*loaded == 0) {
      ready = co_await wait_for_news();
    }
  }
}

/// What an earlier life left there.
Task<Result<void>> InboundForwarder::count_spool() {
  const auto query = [](DeviceStore& device) { return device.inbound_backlog(); };
  for (;;) {
    const auto found = co_await with_.store.read(query);
    if (found) {
      backlog_ = *found;
      counted_ = true;
      if (backlog_.rows > 0)
        with_.log.info("messages of an earlier run wait for the edge", {{"messages", backlog_.rows}});
      if (!has_room()) {
        note_full();
      } else if (with_.room_again) {
        with_.room_again();
      }
      co_return Result<void>{};
    }
    WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, kPause));
  }
}

/// The number of rows given to the lanes; 0 when there is nothing new or the lanes have enough.
Task<Result<std::size_t>> InboundForwarder::load_page() {
  more_waits_ = chats_.pending() >= settings_.page;
  if (more_waits_) co_return std::size_t{0};
  news_ = false;
  const auto query = [after = loaded_up_to_, limit = settings_.page](DeviceStore& device) {
    return device.inbound_page(after, limit);
  };
  WA_CO_TRY(auto rows, co_await with_.store.read(query));
  more_waits_ = rows.size() >= settings_.page;
  if (rows.empty() && chats_.pending() == 0 && late_ == 0)
    make_room(InboundBacklog{backlog_});  // drained, whatever we thought
  for (auto& row : rows) {
    loaded_up_to_ = row.sequence;
    const std::string chat = row.chat;
    chats_.add(chat, forward(std::move(row)));
  }
  co_return rows.size();
}

Task<Result<void>> InboundForwarder::wait_for_news() {
  if (news_ && !more_waits_) co_return Result<void>{};
  OneShot<Done> woken(with_.loop);
  sleeper_ = &woken;
  const auto result = co_await woken.wait();
  sleeper_ = nullptr;
  if (!result) co_return base::fail(result.error());
  co_return Result<void>{};
}

void InboundForwarder::wake() {
  news_ = true;
  if (sleeper_ != nullptr) sleeper_->set(Done{});
}

Task<void> InboundForwarder::forward(Row row) {
  auto message = decode_inbound(row.payload);
  if (message) {
    const auto progress = co_await bring_file(*message, row, settings_.file_patience);
    if (progress == FileProgress::kStopped) co_return;
    if (progress == FileProgress::kTakesLonger) {
      // The chat goes on; the message follows with its file.
      scope_.spawn(forward_late(std::move(row), *std::move(message)));
      co_return;
    }
    co_await add_contact(*message);
    if (!co_await post(*message, row)) co_return;
  } else {
    with_.log.error("a spooled message cannot be read and is dropped", {{"wa_message_id", row.message_id}});
    count("dropped");
  }
  co_await remove(std::move(row));
}

Task<InboundForwarder::FileProgress> InboundForwarder::bring_file(edge::InboundMessage& message,
                                                                  const Row& row, base::Duration patience) {
  if (!attachments_ || !message.media || !message.media->url.empty()) co_return FileProgress::kReady;
  auto pending = attachment_of(row.payload);
  if (!pending) co_return FileProgress::kReady;
  InboundAttachments* attachments = attachments_();
  if (attachments == nullptr) co_return FileProgress::kTakesLonger;  // not linked now
  auto brought = co_await attachments->bring(*std::move(pending), patience);
  if (scope_.cancelled()) co_return FileProgress::kStopped;
  if (!brought || !*brought) co_return FileProgress::kTakesLonger;
  message.media = **std::move(brought);
  co_return FileProgress::kReady;
}

/// Outside of the chat's order, for as long as it takes.
Task<void> InboundForwarder::forward_late(Row row, edge::InboundMessage message) {
  constexpr base::Duration kPatience{600'000};
  const Late late(late_);
  for (;;) {
    const auto progress = co_await bring_file(message, row, kPatience);
    if (progress == FileProgress::kStopped) co_return;
    if (progress == FileProgress::kReady) break;
    const auto slept = co_await runtime::sleep_for(with_.loop, with_.random.jitter(kPause, 0.5));
    if (!slept) co_return;
  }
  co_await add_contact(message);
  if (!co_await post(message, row)) co_return;
  co_await remove(std::move(row));
}

Task<void> InboundForwarder::add_contact(edge::InboundMessage& message) {
  if (message.origin == edge::MessageOrigin::kFromMe) co_return;
  edge::ContactQuery query;
  query.instance_id = message.instance_id;
  query.jid = message.sender_jid_raw;
  query.jid_type = is_lid(query.jid) ? edge::JidType::kLid : edge::JidType::kPn;
  query.push_name = message.push_name;
  auto contact = co_await with_.contacts.resolve(std::move(query), settings_.contact_patience);
  if (contact) message.sender_contact_id = *std::move(contact);
}

/// False: stopped before the edge had answered.
Task<bool> InboundForwarder::post(const edge::InboundMessage& message, const Row& row) {
  for (;;) {
    edge::Call call;
    call.retry = edge::Retry::forever();
    call.fence = with_.fence;
    const auto posted = co_await with_.edge.inbound(message, std::move(call));
    if (posted) {
      count("delivered");
      co_return true;
    }
    const auto& error = posted.error();
    if (error.code == ErrorCode::kRejected && !is_about_us(error)) {
      with_.log.error("the edge refuses a message for good; it is dropped",
                      {{"wa_message_id", row.message_id}, {"error", error.message}});
      count("dropped");
      co_return true;
    }
    const auto slept = co_await runtime::sleep_for(with_.loop, with_.random.jitter(kLongPause, 0.2));
    if (!slept) co_return false;
  }
}

/// The chat's next message waits for this, so that after a crash no more than one per chat is posted again.
Task<void> InboundForwarder::remove(Row row) {
  for (;;) {
    Changes changes;
    changes.inbound_delivered.push_back(row.sequence);
    const auto removed = co_await with_.store.commit(std::move(changes));
    if (removed) break;
    if (removed.error().code == ErrorCode::kClosed) co_return;
    const auto slept = co_await runtime::sleep_for(with_.loop, kPause);
    if (!slept) co_return;
  }
  make_room({1, row.payload.size()});
  if (more_waits_) wake();
}

void InboundForwarder::count(const char* result) {
  if (with_.counted) with_.counted(result);
}

}  // namespace worker
