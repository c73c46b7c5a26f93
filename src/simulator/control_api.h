// Driving the world over HTTP and JSON, for tests in other processes and other languages. README.md has
// the list of requests.
#pragma once

#include <functional>
#include <string>

#include "runtime/http_server.h"
#include "runtime/task.h"
#include "simulator/media/control_media.h"
#include "simulator/phone/control_phone.h"
#include "simulator/world.h"

namespace simulator {

/// What a client needs to connect.
struct ServerAddress {
  std::string url;
  std::string noise_root;  // hex
  std::uint64_t seed = 0;
  std::string media_authority;  // PEM
};

class ControlApi {
 public:
  ControlApi(World& world, std::function<ServerAddress()> address)
      : world_(world), media_(world), phones_(world), address_(std::move(address)) {}

  runtime::Task<runtime::HttpResponse> answer(runtime::ServerRequest request);

 private:
  World& world_;
  MediaControl media_;
  PhoneControl phones_;
  std::function<ServerAddress()> address_;
};

}  // namespace simulator
