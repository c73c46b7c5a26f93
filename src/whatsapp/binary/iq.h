// Requests and their answers: ids that match them, and the error an answer may carry (spec 02 §9).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "whatsapp/binary/node.h"

namespace whatsapp::binary {

/// "<u16>.<u16>-<n>": a random prefix per client and a counter from 1 that reconnects do not reset. Safe
/// to use from several threads.
class RequestIds {
 public:
  explicit RequestIds(base::Random& random);

  std::string next();

 private:
  std::string prefix_;
  std::atomic<std::uint64_t> next_{1};
};

/// The <error> of an answer.
struct IqError {
  int code = 0;      // 0 if the server gave none
  std::string text;  // "item-not-found"
  std::optional<std::chrono::seconds> backoff;
};

/// The error of an <iq type="error"> or of an <ack error="N">; empty if the answer is none.
std::optional<IqError> iq_error(const Node& answer);

/// Whether the same request may be sent again later without change (429, 500, 503 and their like).
bool is_retryable(const IqError& error);

/// Success for a result; kRejected with the server's code in `detail` for an error; kUnavailable with it
/// when the request may be repeated later; kMalformed for anything else.
base::Result<void> check_answer(const Node& answer);

}  // namespace whatsapp::binary
