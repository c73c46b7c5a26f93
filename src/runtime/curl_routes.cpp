#include "runtime/curl_routes.h"

#include <algorithm>
#include <utility>

namespace runtime {
namespace {

constexpr std::size_t kMostRoutes = 32;  // idle ones above it are closed

}  // namespace

base::Result<std::shared_ptr<CurlMulti>> CurlRoutes::to(const Egress& egress, AddressPolicy addresses) {
  if (closed_) return base::fail(base::ErrorCode::kClosed, "the HTTP client is closed");
  const auto found = std::ranges::find_if(multis_, [&](const auto& multi) {
    return multi->addresses() == addresses && multi->egress() == egress;
  });
  if (found != multis_.end()) {
    std::rotate(found, found + 1, multis_.end());
  } else {
    forget_idle();
    multis_.push_back(std::make_shared<CurlMulti>(loop_, settings_, egress, addresses));
  }
  return multis_.back();
}

void CurlRoutes::forget_idle() {
  if (multis_.size() < kMostRoutes) return;
  const auto idle = std::ranges::find_if(multis_, [](const auto& multi) { return multi.use_count() == 1; });
  if (idle != multis_.end()) multis_.erase(idle);
}

void CurlRoutes::shut_down() {
  closed_ = true;
  for (const auto& multi : std::exchange(multis_, {})) multi->shut_down();
}

}  // namespace runtime
