#include "whatsapp/client/retry_requester.h"

#include <algorithm>
#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/retry_receipts.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::Result;
using runtime::Task;
using store::Changes;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kDeferredValue = "deferred_retry_requests";
/// Old messages between our own devices are of no use any more; the phone does not answer for them.
constexpr std::int64_t kOwnMessageLife = 14 * 86'400;  // seconds
constexpr base::Duration kInterval = 20ms;             // between requests, …
constexpr base::Duration kBurst = 1s;                  // … after the first fifty

// One request: flag byte (1 = with keys), 4 bytes length, the encoded stanza.
Bytes pack(const std::vector<RetryRequester::Request>& requests) {
  Bytes out;
  for (const auto& request : requests) {
    const auto stanza = binary::encode(request.receipt);
    if (!stanza) continue;
    out.push_back(request.keys == RetryRequester::Request::Keys::kWith ? 1 : 0);
    base::append(out, base::big_endian<4>(stanza->size()));
    base::append(out, *stanza);
  }
  return out;
}

std::vector<RetryRequester::Request> unpack(ByteView bytes) {
  constexpr std::size_t kHead = 5;
  std::vector<RetryRequester::Request> out;
  while (bytes.size() > kHead) {
    const auto keys =
        bytes[0] == 1 ? RetryRequester::Request::Keys::kWith : RetryRequester::Request::Keys::kWithout;
    const auto length = static_cast<std::size_t>(base::read_big_endian(bytes.subspan(1, 4)));
    if (length > bytes.size() - kHead) break;
    auto stanza = binary::decode(bytes.subspan(kHead, length));
    if (stanza) out.push_back({*std::move(stanza), keys});
    bytes = bytes.subspan(kHead + length);
  }
  return out;
}

}  // namespace

bool RetryRequester::worth_asking(const MessageSource& source) const {
  if (source.sender.is_bot()) return false;
  const std::int64_t age = parts_.connection.unix_seconds() - source.timestamp;
  return !source.is_own() || source.timestamp == 0 || age < kOwnMessageLife;
}

Task<Result<std::optional<RetryRequester::Request>>> RetryRequester::prepare(const FailedMessage& failed,
                                                                             Changes& changes) {
  const auto resent = static_cast<std::uint32_t>(std::clamp<std::int64_t>(failed.resent, 0, kMaxRequests));
  const std::uint32_t count = std::max(failed.asked, resent) + 1;
  changes.retry_counters.push_back({failed.counter_key, count, {}, parts_.connection.unix_seconds()});
  if (count > kMaxRequests || !worth_asking(failed.source)) co_return std::nullopt;

  const RetryNumbers numbers{count, failed.reason};
  Request request{
      retry_receipt(failed.stanza, failed.source, numbers, parts_.connection.credentials().registration_id),
      Request::Keys::kWithout};
  if (count > 1 || failed.keys == FailedMessage::Keys::kAtOnce) request.keys = Request::Keys::kWith;
  if (!offline_delivery_) co_return std::optional<Request>{std::move(request)};
  WA_CO_TRY_VOID(co_await load_deferred());
  if (deferred_->size() >= kMaxDeferred) co_return std::optional<Request>{std::move(request)};
  defer(std::move(request), changes);
  co_return std::nullopt;
}

Task<Result<void>> RetryRequester::load_deferred() {
  if (deferred_) co_return Result<void>{};
  auto query = [](store::DeviceStore& device) { return device.value(std::string{kDeferredValue}); };
  WA_CO_TRY(const auto value, co_await parts_.outside.store.read(query));
  deferred_ = value ? unpack(*value) : std::vector<Request>{};
  co_return Result<void>{};
}

void RetryRequester::defer(Request request, Changes& changes) {
  deferred_->push_back(std::move(request));
  changes.values.emplace_back(std::string{kDeferredValue}, pack(*deferred_));
}

Task<Result<void>> RetryRequester::send(Request request) {
  WA_CO_TRY_VOID(co_await wait_for_turn());
  if (request.keys == Request::Keys::kWith) {
    WA_CO_TRY(const signal::PreKey key, co_await parts_.outside.pre_keys.hand_out_one());
    add_retry_keys(request.receipt, parts_.connection.credentials(), key);
  }
  const auto sent = parts_.connection.send(request.receipt);
  if (sent) parts_.outside.observer.on_retry_receipt(ClientObserver::RetryReceipt::kSent);
  co_return sent;
}

Task<Result<void>> RetryRequester::wait_for_turn() {
  const auto now = parts_.outside.loop.clock().now();
  next_turn_ = std::max(next_turn_, now - kBurst) + kInterval;
  if (next_turn_ <= now) co_return Result<void>{};
  const auto delay = std::chrono::duration_cast<base::Duration>(next_turn_ - now);
  co_return co_await parts_.connection.pause(delay);
}

void RetryRequester::offline_delivery_begins() {
  offline_delivery_ = true;
  deferred_.reset();
}

void RetryRequester::offline_delivery_ended() {
  if (!std::exchange(offline_delivery_, false)) return;
  parts_.connection.scope().spawn(send_deferred());
}

Task<void> RetryRequester::send_deferred() {
  const auto loaded = co_await load_deferred();
  if (!loaded) co_return;
  std::vector<Request> requests = std::exchange(deferred_, std::nullopt).value_or(std::vector<Request>{});
  if (requests.empty()) co_return;
  for (Request& request : requests) {
    const auto sent = co_await send(std::move(request));
    if (!sent) co_return;  // the connection ended, or the store failed: all of them go out another time
  }
  Changes changes;
  changes.values.emplace_back(std::string{kDeferredValue}, std::nullopt);
  (void)co_await parts_.outside.store.commit(std::move(changes));
}

}  // namespace whatsapp
