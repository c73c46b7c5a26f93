#include "runtime/http_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/curl_routes.h"
#include "runtime/http_target.h"

namespace runtime {
namespace {

using base::ErrorCode;
using Response = base::Result<HttpResponse>;
using TimePoint = EventLoop::Clock::time_point;

constexpr std::size_t kPiece = 256 * 1024;  // read from a source at a time

bool is_followed(const HttpRequest& request, const HttpResponse& response) {
  return request.redirects.most > 0 && is_redirect(response);
}

base::Result<void> check(const HttpRequest& request) {
  WA_TRY(const HttpTarget target, parse_http_target(request.url));
  // Directly, the socket's address is what counts; see CurlTransfer. Through a proxy only the name is known.
  const bool judged_by_name = request.addresses == AddressPolicy::kPublicOnly && !request.egress.is_direct();
  if (judged_by_name && !is_public_name(target.host))
    return base::fail(ErrorCode::kInvalidArgument, "the URL leads to an address that is not public");
  return {};
}

/// Harmless for a host that the caller did not mean.
bool may_travel(const std::pair<std::string, std::string>& header) {
  constexpr std::array<std::string_view, 4> kHarmless{"Accept", "User-Agent", "Range", "Content-Type"};
  return std::ranges::any_of(kHarmless,
                             [&](std::string_view name) { return same_header_name(name, header.first); });
}

/// Makes `request` the one that the redirect asks for.
base::Result<void> follow(HttpRequest& request, const HttpResponse& response) {
  WA_TRY(const HttpTarget from, parse_http_target(request.url));
  WA_TRY(std::string url, resolve_location(request.url, header(response.headers, "Location")));
  WA_TRY(const HttpTarget to, parse_http_target(url));
  const bool weaker = from.scheme == "https" && to.scheme != "https";
  if (weaker || (request.redirects.allowed && !request.redirects.allowed(url)))
    return base::fail(ErrorCode::kInvalidArgument, "the server redirects to where it may not");
  if (!(from == to)) std::erase_if(request.headers, [](const auto& header) { return !may_travel(header); });
  if (response.status == 303 && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    request.source = nullptr;
  }
  request.url = std::move(url);
  return {};
}

/// Moves the bytes of one transfer until it has a result.
class Exchange {
 public:
  Exchange(std::shared_ptr<CurlMulti> multi, const HttpRequest& request, TimePoint deadline)
      : multi_(std::move(multi)), request_(request), deadline_(deadline), transfer_(request) {}
  ~Exchange() { multi_->stop(transfer_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Task<Response> run() {
    if (request_.source != nullptr) WA_CO_TRY_VOID(co_await request_.source->rewind());
    WA_CO_TRY_VOID(multi_->start(transfer_));
    for (;;) {
      if (transfer_.has_received()) {
        base::Bytes piece = transfer_.take_received();
        WA_CO_TRY_VOID(co_await request_.sink->write(std::move(piece)));
      } else if (transfer_.finished()) {
        co_return transfer_.take_result();
      } else if (transfer_.wants_bytes()) {
        WA_CO_TRY_VOID(co_await feed());
      } else {
        WA_CO_TRY_VOID(co_await wait());
      }
    }
  }

 private:
  Task<base::Result<void>> feed() {
    const std::uint64_t left = request_.source->length() - fed_;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPiece));
    WA_CO_TRY(auto bytes, co_await request_.source->read(most));
    if (bytes.empty() || bytes.size() > most)
      co_return base::fail(ErrorCode::kIo, "what is to be sent has another length than announced");
    fed_ += bytes.size();
    transfer_.give(std::move(bytes));
    co_return base::Result<void>{};
  }

  Task<base::Result<void>> wait() {
    const auto now = multi_->loop().clock().now();
    const bool watched = request_.stall_timeout.count() > 0;
    const auto stalled_at = watched ? now + request_.stall_timeout : TimePoint::max();
    OneShot<Done> news(multi_->loop());
    transfer_.tell(&news);
    const auto limit = std::min(deadline_, stalled_at);
    auto waiter = limit == TimePoint::max() ? news.wait() : news.wait_until(limit);
    const auto woken = co_await waiter;
    transfer_.tell(nullptr);
    if (woken) {
      unsent_ = 0;
      co_return base::Result<void>{};
    }
    const bool stalled = woken.error().code == ErrorCode::kTimeout && stalled_at < deadline_;
    if (!stalled) co_return base::fail(woken.error());
    // The kernel may still be sending what curl has given it long ago.
    const std::size_t unsent = transfer_.unsent();
    if (std::exchange(unsent_, unsent) != unsent) co_return base::Result<void>{};
    co_return base::fail(ErrorCode::kTimeout, "the transfer stalled");
  }

  std::shared_ptr<CurlMulti> multi_;
  const HttpRequest& request_;
  TimePoint deadline_;
  CurlTransfer transfer_;
  std::uint64_t fed_ = 0;
  std::size_t unsent_ = 0;
};

}  // namespace

HttpClient::HttpClient(EventLoop& loop, HttpClientSettings settings)
    : routes_(std::make_shared<CurlRoutes>(loop, std::move(settings))) {}

HttpClient::~HttpClient() { routes_->shut_down(); }

Task<base::Result<HttpResponse>> HttpClient::send(HttpRequest request) {
  const std::shared_ptr<CurlRoutes> routes = routes_;  // the client may be destroyed while we wait
  const bool limited = request.total_timeout.count() > 0;
  const auto deadline = limited ? routes->loop().clock().now() + request.total_timeout : TimePoint::max();
  for (int hops = 0;; ++hops) {
    WA_CO_TRY_VOID(check(request));
    WA_CO_TRY(const auto multi, routes->to(request.egress, request.addresses));
    Exchange exchange(multi, request, deadline);
    auto response = co_await exchange.run();
    if (!response || !is_followed(request, *response)) co_return response;
    if (hops >= request.redirects.most)
      co_return base::fail(ErrorCode::kLimit, "the server redirects too often");
    WA_CO_TRY_VOID(follow(request, *response));
  }
}

}  // namespace runtime
