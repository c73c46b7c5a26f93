#include "whatsapp/client/media/media_retry_desk.h"

#include <algorithm>
#include <utility>

#include "whatsapp/media/media_url.h"

namespace whatsapp {

using base::ErrorCode;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostPending = 64;
constexpr base::Duration kPatience = 60s;
constexpr base::Duration kAskAgainAfter = 1h;

Node request_stanza(const MediaRetryRequest& request, const Jid& own, const media::SealedRetry& sealed) {
  const bool from_me = request.from == MediaRetryRequest::From::kMe;
  Node about =
      Node("rmr").with("jid", request.chat.normalized().bare()).with("from_me", from_me ? "true" : "false");
  if (request.participant) about.set("participant", request.participant->normalized().bare());
  Node encrypted = Node("encrypt")
                       .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                       .add(Node("enc_iv").bytes(base::ByteView{sealed.iv}));
  return Node("receipt")
      .with("id", request.message_id)
      .with("to", own)
      .with("type", "server-error")
      .add(std::move(encrypted))
      .add(std::move(about));
}

Result<std::string> path_of(const media::RetryAnswer& answer) {
  // Some phones name a place although they report a failure; it is worth trying.
  if (!answer.direct_path.empty() && media::check_direct_path(answer.direct_path)) return answer.direct_path;
  const int code = static_cast<int>(answer.result);
  switch (answer.result) {
    case media::RetryResult::kNotFound:
      return base::fail(ErrorCode::kNotFound, "the phone has not got the file any more", code);
    case media::RetryResult::kDecryptionError:
      return base::fail(ErrorCode::kNotFound, "the phone does not know the message of the file", code);
    default:
      return base::fail(ErrorCode::kUnavailable, "the phone could not upload the file again", code);
  }
}

}  // namespace

MediaRetryDesk::Pending* MediaRetryDesk::find(const std::string& message_id) {
  const auto found = std::ranges::find(pending_, message_id, &Pending::message_id);
  return found == pending_.end() ? nullptr : &*found;
}

Result<MediaRetryDesk::Pending*> MediaRetryDesk::enter(const MediaRetryRequest& request) {
  if (Pending* known = find(request.message_id)) return known;
  if (pending_.size() >= kMostPending) {
    const auto unwatched =
        std::ranges::find_if(pending_, [](const Pending& one) { return one.waiters.empty(); });
    if (unwatched == pending_.end())
      return base::fail(ErrorCode::kLimit, "the phone is asked for too many files already");
    pending_.erase(unwatched);
  }
  auto& pending = pending_.emplace_back();
  pending.message_id = request.message_id;
  pending.media_key = request.media_key;
  return &pending;
}

Result<void> MediaRetryDesk::ask(const MediaRetryRequest& request) {
  if (!connection_.attached()) return base::fail(ErrorCode::kClosed, "not connected");
  const Self& self = connection_.self();
  const Jid own = (self.lid.user().empty() ? self.pn : self.lid).normalized().bare();
  const auto sealed = media::seal_retry_request(request.media_key, request.message_id, random_);
  return connection_.send(request_stanza(request, own, sealed));
}

Task<Result<std::string>> MediaRetryDesk::direct_path(MediaRetryRequest request) {
  WA_CO_TRY(Pending * pending, enter(request));
  const auto now = loop_.clock().now();
  if (pending->answer) {
    auto answer = std::move(*pending->answer);
    pending_.remove_if([pending](const Pending& one) { return &one == pending; });
    co_return answer;
  }
  // Registered before it is sent. What was asked a moment ago is not asked again.
  const bool recently =
      pending->asked_at.time_since_epoch().count() != 0 && now - pending->asked_at < kAskAgainAfter;
  if (!recently) {
    if (auto asked = ask(request); !asked) co_return base::fail(asked.error());
    pending->asked_at = now;
  }
  runtime::OneShot<std::string> answer(loop_);
  pending->waiters.push_back(&answer);
  auto result = co_await answer.wait_for(kPatience);
  if (Pending* still = find(request.message_id)) {
    std::erase(still->waiters, &answer);
    // Whoever is told the answer has it; unanswered requests stay for a late answer.
    if (still->answer && still->waiters.empty())
      pending_.remove_if([still](const Pending& one) { return &one == still; });
  }
  co_return result;
}

Result<std::string> MediaRetryDesk::read(const Pending& pending, const Node& notification) {
  if (const Node* error = notification.child("error")) {
    media::RetryAnswer answer;
    answer.result = static_cast<media::RetryResult>(error->number("code").value_or(0));
    return path_of(answer);
  }
  WA_TRY(const Node* encrypted, notification.require_child("encrypt"));
  WA_TRY(const auto ciphertext, encrypted->require_child_bytes("enc_p"));
  WA_TRY(const auto iv, encrypted->require_child_bytes("enc_iv"));
  WA_TRY(const auto answer, media::open_retry_answer(pending.media_key, pending.message_id, iv, ciphertext));
  return path_of(answer);
}

Task<Result<void>> MediaRetryDesk::take(const Node& notification, store::Changes&) {
  Pending* pending = find(notification.attr("id").value_or(""));
  if (pending == nullptr || pending->answer) co_return Result<void>{};
  auto answer = read(*pending, notification);
  const bool nonsense =
      !answer && (answer.error().code == ErrorCode::kMalformed || answer.error().code == ErrorCode::kCrypto);
  if (nonsense) {
    log_.warn("an answer about a media file cannot be read", {{"error", answer.error().message}});
    co_return Result<void>{};  // a right one may still come
  }
  for (auto* waiter : pending->waiters) waiter->set(answer);
  pending->answer = std::move(answer);
  co_return Result<void>{};
}

}  // namespace whatsapp
