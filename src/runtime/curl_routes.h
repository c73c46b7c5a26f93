// The connections of one HTTP client, kept apart by the way they leave the machine and by what they may
// reach: a connection that one account opened through its proxy must never carry another account's request,
// and one to a private address never a request that may only reach public ones. Internal to this room.
#pragma once

#include <memory>
#include <vector>

#include "runtime/curl_multi.h"

namespace runtime {

class CurlRoutes {
 public:
  CurlRoutes(EventLoop& loop, HttpClientSettings settings) : loop_(loop), settings_(std::move(settings)) {}

  /// kClosed after shut_down().
  base::Result<std::shared_ptr<CurlMulti>> to(const Egress& egress, AddressPolicy addresses);
  void shut_down();
  [[nodiscard]] EventLoop& loop() const { return loop_; }

 private:
  void forget_idle();

  EventLoop& loop_;
  HttpClientSettings settings_;
  bool closed_ = false;
  std::vector<std::shared_ptr<CurlMulti>> multis_;  // the one that was used last comes last
};

}  // namespace runtime
