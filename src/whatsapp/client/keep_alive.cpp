#include "whatsapp/client/keep_alive.h"

#include <algorithm>

namespace whatsapp {

KeepAlive::KeepAlive(runtime::EventLoop& loop, base::Random& random, KeepAliveSettings settings)
    : loop_(loop),
      random_(random),
      settings_(settings),
      last_input_(loop.clock().now()),
      silence_(draw_silence()) {}

base::Duration KeepAlive::draw_silence() {
  const auto spread = settings_.longest_silence - settings_.shortest_silence;
  return settings_.shortest_silence +
         base::Duration{random_.below(static_cast<std::uint64_t>(spread.count()) + 1)};
}

void KeepAlive::on_input() {
  last_input_ = loop_.clock().now();
  first_request_.reset();
}

void KeepAlive::on_request() {
  if (first_request_) return;
  first_request_ = loop_.clock().now();
  // The sleeper may have a later time in mind.
  if (sleeper_ != nullptr) sleeper_->set(runtime::Done{});
}

KeepAlive::Time KeepAlive::next_ping() const {
  const Time by_silence = last_input_ + silence_;
  if (!first_request_) return by_silence;
  return std::min(by_silence, *first_request_ + settings_.silence_after_request);
}

runtime::Task<base::Result<void>> KeepAlive::wait_for_silence() {
  while (loop_.clock().now() < next_ping()) {
    runtime::OneShot<runtime::Done> woken(loop_);
    sleeper_ = &woken;
    const auto reason = co_await woken.wait_until(next_ping());
    sleeper_ = nullptr;
    if (!reason && reason.error().code == base::ErrorCode::kCancelled) co_return base::fail(reason.error());
  }
  co_return base::Result<void>{};
}

runtime::Task<base::Result<void>> KeepAlive::ping(StanzaChannel& channel) {
  const Time asked = loop_.clock().now();
  auto request =
      binary::Node("iq").with("xmlns", "w:p").with("type", "get").with("to", binary::Jid::service());
  const auto answer = co_await channel.query(std::move(request), settings_.answer_deadline);
  // An error is an answer, too.
  if (answer || answer.error().code == base::ErrorCode::kRejected) {
    unanswered_since_.reset();
    on_input();
    co_return base::Result<void>{};
  }
  if (answer.error().code != base::ErrorCode::kTimeout) co_return base::fail(answer.error());
  const Time first = unanswered_since_.value_or(asked);
  unanswered_since_ = first;
  const bool silent = last_input_ <= asked;
  if (silent || loop_.clock().now() - first >= settings_.longest_without_answer)
    co_return base::fail(base::ErrorCode::kTimeout, "the server does not answer any more");
  co_return base::Result<void>{};
}

runtime::Task<base::Error> KeepAlive::watch(StanzaChannel& channel) {
  for (;;) {
    const auto waited = co_await wait_for_silence();
    if (!waited) co_return waited.error();
    const auto alive = co_await ping(channel);
    if (!alive) co_return alive.error();
    silence_ = draw_silence();
  }
}

}  // namespace whatsapp
