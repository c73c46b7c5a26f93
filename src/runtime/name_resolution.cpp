#include "runtime/name_resolution.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <memory>

#include "runtime/one_shot.h"

namespace runtime {
namespace {

using Addresses = std::vector<std::string>;

constexpr std::size_t kMaxAddresses = 8;

bool is_numeric(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

// Shared by libuv and whoever asked: a lookup cannot always be cancelled, and ends when it likes.
struct Lookup {
  uv_getaddrinfo_t request{};
  OneShot<Addresses>* waiter = nullptr;  // null once nobody waits
  std::shared_ptr<Lookup> self;          // while libuv works on it
};

Addresses to_addresses(const addrinfo* list) {
  Addresses addresses;
  for (const addrinfo* item = list; item != nullptr && addresses.size() < kMaxAddresses;
       item = item->ai_next) {
    char text[INET6_ADDRSTRLEN] = "";
    if (item->ai_family == AF_INET) {
      uv_ip4_name(reinterpret_cast<const sockaddr_in*>(item->ai_addr), text, sizeof text);
    } else if (item->ai_family == AF_INET6) {
      uv_ip6_name(reinterpret_cast<const sockaddr_in6*>(item->ai_addr), text, sizeof text);
    }
    if (text[0] != '\0' && std::ranges::find(addresses, text) == addresses.end())
      addresses.emplace_back(text);
  }
  return addresses;
}

void on_resolved(uv_getaddrinfo_t* request, int status, addrinfo* list) {
  const auto lookup = std::move(static_cast<Lookup*>(request->data)->self);
  const Addresses addresses = to_addresses(status == 0 ? list : nullptr);
  uv_freeaddrinfo(list);
  if (lookup->waiter == nullptr) return;
  if (!addresses.empty()) {
    lookup->waiter->set(addresses);
  } else {
    const char* why = status == 0 ? "it has no address" : uv_strerror(status);
    lookup->waiter->set(base::fail(base::ErrorCode::kUnavailable, std::string{"name lookup failed: "} + why));
  }
}

}  // namespace

Task<base::Result<std::vector<std::string>>> resolve(EventLoop& loop, std::string host,
                                                     EventLoop::Clock::time_point deadline) {
  if (is_numeric(host)) co_return Addresses{host};
  OneShot<Addresses> answer(loop);
  const auto lookup = std::make_shared<Lookup>();
  lookup->waiter = &answer;
  lookup->self = lookup;
  lookup->request.data = lookup.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int status = uv_getaddrinfo(loop.uv(), &lookup->request, on_resolved, host.c_str(), nullptr, &hints);
  if (status != 0) {
    lookup->self.reset();
    co_return base::fail(base::ErrorCode::kUnavailable,
                         std::string{"name lookup failed: "} + uv_strerror(status));
  }
  auto addresses = co_await answer.wait_until(deadline);
  lookup->waiter = nullptr;
  if (lookup->self) uv_cancel(reinterpret_cast<uv_req_t*>(&lookup->request));
  co_return addresses;
}

}  // namespace runtime
