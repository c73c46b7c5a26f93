#include "whatsapp/client/media/media_connection.h"

#include <algorithm>
#include <utility>

namespace whatsapp {

using base::ErrorCode;
using base::Result;
using runtime::Task;

namespace {

constexpr base::Duration kEarly{30'000};  // before they expire they count as expired

}  // namespace

std::optional<MediaHosts> MediaConnection::known() const {
  if (!hosts_ || loop_.clock().now() >= expires_at_) return std::nullopt;
  return hosts_;
}

void MediaConnection::refuse(const std::string& auth) {
  if (hosts_ && hosts_->auth == auth) hosts_.reset();
}

Task<Result<MediaHosts>> MediaConnection::hosts() {
  if (auto found = known()) co_return *std::move(found);
  if (asking_) {
    runtime::OneShot<MediaHosts> answer(loop_);
    waiters_.push_back(&answer);
    auto result = co_await answer.wait();
    std::erase(waiters_, &answer);
    co_return result;
  }
  asking_ = true;
  auto answer = co_await ask();
  asking_ = false;
  if (answer) {
    hosts_ = *answer;
    names_ = answer->hosts;
    expires_at_ = loop_.clock().now() + std::max(answer->valid_for - kEarly, answer->valid_for / 2);
  }
  for (auto* waiter : std::exchange(waiters_, {})) {
    // Whoever asked for all may have been told to stop; that is no answer for the others.
    const bool stopped = !answer && answer.error().code == ErrorCode::kCancelled;
    waiter->set(stopped ? base::fail(ErrorCode::kUnavailable, "the media hosts are not known yet") : answer);
  }
  co_return answer;
}

Task<Result<MediaHosts>> MediaConnection::ask() {
  if (!connection_.attached()) co_return base::fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(connection_);
  const auto answer = co_await connection_.query(media_conn_query());
  if (!answer) co_return base::fail(base::Error{answer.error()}.within("media hosts"));
  co_return read_media_conn(*answer, connection_.unix_seconds());
}

}  // namespace whatsapp
