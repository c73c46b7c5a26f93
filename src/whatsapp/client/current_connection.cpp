#include "whatsapp/client/current_connection.h"

#include <utility>

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Done;
using runtime::OneShot;
using runtime::Task;

namespace {

/// Wakes a wait when the connection ends.
class WakeOnClose final : public runtime::CancelListener {
 public:
  explicit WakeOnClose(OneShot<Done>& event) : event_(event) {}

 private:
  void on_cancel() override { event_.set(fail(ErrorCode::kClosed, "the connection ended")); }
  OneShot<Done>& event_;
};

}  // namespace

CurrentConnection::CurrentConnection(runtime::EventLoop& loop, base::Log log, base::Duration iq_timeout)
    : loop_(loop), log_(std::move(log)), iq_timeout_(iq_timeout) {}

CurrentConnection::~CurrentConnection() = default;

void CurrentConnection::attach(LiveConnection connection) {
  live_.emplace(std::move(connection));
  scope_ = std::make_unique<runtime::TaskScope>(loop_);
  closing_ = false;
  given_up_ = false;
}

Task<void> CurrentConnection::detach() {
  if (!live_) co_return;
  closing_ = true;
  co_await scope_->close();
  while (uses_ > 0) {
    OneShot<Done> ended(loop_);
    all_uses_ended_ = &ended;
    (void)co_await ended.wait_through_cancellation();
    all_uses_ended_ = nullptr;
  }
  scope_.reset();
  live_.reset();
}

void CurrentConnection::use_ended() {
  if (--uses_ == 0 && all_uses_ended_ != nullptr) all_uses_ended_->set(Done{});
}

void CurrentConnection::rename_self(const std::string& push_name, store::Changes& changes) {
  live_->self.push_name = push_name;
  if (live_->rename) live_->rename(push_name, changes);
}

std::int64_t CurrentConnection::unix_seconds() const {
  return attached() ? live_->channel.server_time() : loop_.clock().unix_seconds();
}

Result<void> CurrentConnection::send(const binary::Node& stanza) {
  if (!attached()) return fail(ErrorCode::kClosed, "not connected");
  return live_->channel.send(stanza);
}

Result<void> CurrentConnection::send_encoded(base::ByteView stanza) {
  if (!attached()) return fail(ErrorCode::kClosed, "not connected");
  return live_->channel.send_encoded(stanza);
}

Task<Result<binary::Node>> CurrentConnection::query(binary::Node iq) {
  if (!attached()) co_return fail(ErrorCode::kClosed, "not connected");
  co_return co_await live_->channel.query(std::move(iq), iq_timeout_);
}

Task<Result<binary::Node>> CurrentConnection::exchange(binary::Node iq) {
  if (!attached()) co_return fail(ErrorCode::kClosed, "not connected");
  co_return co_await live_->channel.exchange(std::move(iq), iq_timeout_);
}

std::unique_ptr<PendingAck> CurrentConnection::expect_ack(const std::string& id) {
  return attached() ? live_->channel.expect_ack(id) : nullptr;
}

Task<Result<void>> CurrentConnection::pause(base::Duration delay) {
  OneShot<Done> event(loop_);
  const auto timer = loop_.call_after(delay, [&event] { event.set(Done{}); });
  const auto ended = co_await await_event(event);
  loop_.cancel_timer(timer);
  co_return ended;
}

Task<Result<void>> CurrentConnection::await_event(OneShot<Done>& event) {
  if (!attached()) co_return fail(ErrorCode::kClosed, "not connected");
  WakeOnClose wake(event);
  scope_->cancellation().listen(wake);
  const auto happened = co_await event.wait();
  if (!happened) co_return fail(happened.error());
  co_return Result<void>{};
}

void CurrentConnection::answer_given() {
  if (--answers_expected_ == 0 && all_answered_ != nullptr) all_answered_->set(Done{});
}

Task<void> CurrentConnection::all_answered() {
  if (all_answered_ != nullptr) co_return;  // somebody waits already
  while (attached() && answers_expected_ > 0) {
    OneShot<Done> event(loop_);
    all_answered_ = &event;
    const auto happened = co_await await_event(event);
    all_answered_ = nullptr;
    if (!happened) co_return;
  }
}

void CurrentConnection::give_up(base::Error reason) {
  if (!attached() || std::exchange(given_up_, true)) return;
  log_.error("the account's store failed; the connection closes and unanswered stanzas come again",
             {{"reason", base::to_string(reason.code)}, {"error", reason.message}});
  live_->close(std::move(reason));
}

}  // namespace whatsapp
