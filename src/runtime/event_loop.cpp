#include "runtime/event_loop.h"

#include <algorithm>
#include <stdexcept>

namespace runtime {
namespace {

template <class Handle>
uv_handle_t* as_handle(Handle& handle) {
  return reinterpret_cast<uv_handle_t*>(&handle);
}

EventLoop* owner(void* data) { return static_cast<EventLoop*>(data); }

}  // namespace

EventLoop::EventLoop(base::Clock& clock) : clock_(clock), thread_(std::this_thread::get_id()) {
  if (uv_loop_init(&loop_) != 0) throw std::runtime_error("the event loop cannot be created");
  loop_.data = this;
  uv_async_init(&loop_, &wake_, [](uv_async_t* handle) { owner(handle->data)->drain_posts(); });
  uv_timer_init(&loop_, &timer_);
  uv_check_init(&loop_, &after_poll_);
  uv_prepare_init(&loop_, &before_poll_);
  uv_idle_init(&loop_, &keep_turning_);
  wake_.data = timer_.data = after_poll_.data = before_poll_.data = keep_turning_.data = this;

  uv_check_start(&after_poll_, [](uv_check_t* handle) {
    owner(handle->data)->fire_due_timers();
    owner(handle->data)->drain_ready();
  });
  uv_prepare_start(&before_poll_, [](uv_prepare_t* handle) {
    owner(handle->data)->drain_ready();
    owner(handle->data)->arm_timer();
  });
  for (uv_handle_t* handle : {as_handle(timer_), as_handle(after_poll_), as_handle(before_poll_)})
    uv_unref(handle);

  if (auto* manual = dynamic_cast<base::ManualClock*>(&clock_)) manual->on_advance([this] { post([] {}); });
}

EventLoop::~EventLoop() {
  thread_ = std::this_thread::get_id();
  shared_.clear();
  if (auto* manual = dynamic_cast<base::ManualClock*>(&clock_)) manual->on_advance(nullptr);
  for (uv_handle_t* handle : {as_handle(wake_), as_handle(timer_), as_handle(after_poll_),
                              as_handle(before_poll_), as_handle(keep_turning_)})
    uv_close(handle, nullptr);
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  uv_loop_close(&loop_);
  posts_.clear();  // what they hold may still want to cancel its timers
  ready_.clear();
}

void EventLoop::run() {
  thread_ = std::this_thread::get_id();
  uv_run(&loop_, UV_RUN_DEFAULT);
}

void EventLoop::stop() {
  post([this] { uv_stop(&loop_); });
}

void EventLoop::run_once() {
  thread_ = std::this_thread::get_id();
  uv_run(&loop_, UV_RUN_NOWAIT);
}

void EventLoop::run_until_idle() {
  do {
    run_once();
    const std::scoped_lock lock(posts_mutex_);
    if (!posts_.empty()) continue;
    if (ready_.empty() && (timers_.empty() || timers_.begin()->first > clock_.now())) return;
  } while (true);
}

void EventLoop::post(Callback callback) {
  {
    const std::scoped_lock lock(posts_mutex_);
    posts_.push_back(std::move(callback));
  }
  uv_async_send(&wake_);
}

void EventLoop::drain_posts() {
  std::vector<Callback> posts;
  {
    const std::scoped_lock lock(posts_mutex_);
    posts.swap(posts_);
  }
  for (auto& callback : posts) callback();
}

void EventLoop::defer(std::coroutine_handle<> handle) {
  defer(Callback{[handle] { handle.resume(); }});
}

void EventLoop::defer(Callback callback) {
  ready_.push_back(std::move(callback));
  arm_idle();
}

bool EventLoop::drain_ready() {
  if (draining_) return false;
  draining_ = true;
  // One generation per call: what becomes ready meanwhile runs in the next pass, so I/O is not starved.
  std::vector<Callback> ready;
  ready.swap(ready_);
  for (auto& callback : ready) callback();
  draining_ = false;
  arm_idle();
  return !ready.empty();
}

void EventLoop::arm_idle() {
  if (ready_.empty()) {
    uv_idle_stop(&keep_turning_);
  } else if (uv_is_active(as_handle(keep_turning_)) == 0) {
    uv_idle_start(&keep_turning_, [](uv_idle_t*) {});
  }
}

EventLoop::TimerId EventLoop::call_at(Clock::time_point when, Callback callback) {
  const TimerId id = next_timer_++;
  timer_index_.emplace(id, timers_.emplace(when, Timer{id, std::move(callback)}));
  return id;
}

void EventLoop::cancel_timer(TimerId id) {
  const auto found = timer_index_.find(id);
  if (found == timer_index_.end()) return;
  timers_.erase(found->second);
  timer_index_.erase(found);
}

bool EventLoop::fire_due_timers() {
  bool fired = false;
  const auto now = clock_.now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Callback callback = std::move(timers_.begin()->second.callback);
    timer_index_.erase(timers_.begin()->second.id);
    timers_.erase(timers_.begin());
    callback();
    fired = true;
  }
  return fired;
}

void EventLoop::arm_timer() {
  if (timers_.empty()) {
    uv_timer_stop(&timer_);
    return;
  }
  const auto wait = timers_.begin()->first - clock_.now();
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  uv_timer_start(
      &timer_, [](uv_timer_t*) {}, static_cast<std::uint64_t>(std::max<std::int64_t>(millis, 0)), 0);
  uv_unref(as_handle(timer_));
}

}  // namespace runtime
