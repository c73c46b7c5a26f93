#include "connection/event_forwarder.h"

#include <algorithm>
#include <utility>

#include "connection/event_payload.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using runtime::Done;
using runtime::OneShot;
using runtime::Task;
using whatsapp::store::Changes;
using whatsapp::store::DeviceStore;

namespace {
constexpr base::Duration kPause{5'000};
constexpr base::Duration kLongPause{60'000};
}  // namespace

/// What goes in one request.
struct EventForwarder::Page {
  std::vector<edge::Event> events;
  std::vector<std::int64_t> sequences;  // of those that are spooled
};

EventForwarder::EventForwarder(EventDependencies dependencies, EventSettings settings)
    : with_(std::move(dependencies)), settings_(std::move(settings)) {}

void EventForwarder::stage(const whatsapp::ClientEvent& event, Changes& changes) {
  if (!with_.capabilities.has(edge::Capability::kEvents)) return;
  const std::int64_t now = with_.loop.clock().unix_seconds();
  for (const edge::Event& one : to_edge_events(event, settings_.instance_id, now)) spool(one, changes);
}

void EventForwarder::stage_history(const edge::InboundMessage& message, Changes& changes) {
  if (with_.capabilities.has(edge::Capability::kEvents)) spool(to_history_event(message), changes);
}

void EventForwarder::spool(const edge::Event& event, Changes& changes) {
  if (spooled_ >= settings_.most) return count("dropped", 1);
  ++spooled_;
  changes.events.push_back({0, encode_event(event), with_.loop.clock().unix_seconds()});
}

void EventForwarder::tell(const whatsapp::ClientEvent& event) {
  if (!with_.capabilities.has(edge::Capability::kEvents)) return;
  for (edge::Event& one : to_edge_events(event, settings_.instance_id, with_.loop.clock().unix_seconds())) {
    if (moments_.size() >= settings_.most_moments) {
      moments_.pop_front();
      count("dropped", 1);
    }
    moments_.push_back(std::move(one));
  }
  wake();
}

Task<void> EventForwarder::run() {
  for (;;) {
    if (const auto news = co_await wait_for_news(); !news) co_return;
    auto page = co_await next_page();
    auto done = page ? Result<void>{} : Result<void>{base::fail(page.error())};
    if (page && page->events.empty() && page->sequences.empty()) continue;
    if (page) done = co_await send(*std::move(page));
    if (done) continue;
    if (done.error().code == ErrorCode::kCancelled || done.error().code == ErrorCode::kClosed) co_return;
    news_ = true;
    const auto pause = with_.random.jitter(done.error().code == ErrorCode::kIo ? kPause : kLongPause, 0.2);
    if (const auto slept = co_await runtime::sleep_for(with_.loop, pause); !slept) co_return;
  }
}

Task<Result<void>> EventForwarder::wait_for_news() {
  if (!news_) {
    OneShot<Done> woken(with_.loop);
    sleeper_ = &woken;
    const auto result = co_await woken.wait();
    sleeper_ = nullptr;
    if (!result) co_return base::fail(result.error());
  }
  WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, settings_.gather));
  news_ = false;
  co_return Result<void>{};
}

Task<Result<EventForwarder::Page>> EventForwarder::next_page() {
  const auto query = [limit = settings_.batch](DeviceStore& device) { return device.events_page(0, limit); };
  WA_CO_TRY(const auto rows, co_await with_.store.read(query));
  Page page;
  for (const auto& row : rows) {
    page.sequences.push_back(row.sequence);
    if (auto event = decode_event(row.payload)) page.events.push_back(*std::move(event));
  }
  spooled_ = std::max<std::uint64_t>(spooled_, rows.size());
  if (rows.size() >= settings_.batch) news_ = true;
  while (!moments_.empty() && page.events.size() < 2 * settings_.batch) {
    page.events.push_back(std::move(moments_.front()));
    moments_.pop_front();
  }
  if (!moments_.empty()) news_ = true;
  co_return page;
}

Task<Result<void>> EventForwarder::send(Page page) {
  if (!page.events.empty()) {
    edge::Call call;
    call.retry = edge::Retry::forever();
    call.fence = with_.fence;
    const auto sent = co_await with_.edge.send_events(page.events, std::move(call));
    if (sent) {
      count("delivered", page.events.size());
    } else {
      const auto& error = sent.error();
      const bool about_us =
          error.code == ErrorCode::kRejected && (error.detail == 401 || error.detail == 403);
      const bool final =
          error.code == ErrorCode::kNotFound || (error.code == ErrorCode::kRejected && !about_us);
      if (!final) co_return base::fail(error);
      count("dropped", page.events.size());
      with_.log.warn("the edge does not take these events; they are dropped",
                     {{"events", page.events.size()}, {"error", error.message}});
    }
  }
  co_return co_await forget(page);
}

Task<Result<void>> EventForwarder::forget(const Page& page) {
  if (page.sequences.empty()) co_return Result<void>{};
  Changes changes;
  changes.events_delivered = page.sequences;
  WA_CO_TRY_VOID(co_await with_.store.commit(std::move(changes)));
  spooled_ -= std::min<std::uint64_t>(spooled_, page.sequences.size());
  co_return Result<void>{};
}

void EventForwarder::count(const char* result, std::size_t times) {
  if (!with_.counted) return;
  for (std::size_t i = 0; i < times; ++i) with_.counted(result);
}

void EventForwarder::wake() {
  news_ = true;
  if (sleeper_ != nullptr) sleeper_->set(Done{});
}

}  // namespace worker
