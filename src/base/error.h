// One error type for everything the world can do wrong: a typed code for the program, a number where
// the peer gave one, and a sentence for the operator.
#pragma once

#include <string>
#include <string_view>

namespace base {

enum class ErrorCode {
  kCancelled,  // the scope that waited was closed; never reported to a user
  kTimeout,    // a deadline passed
  kClosed,     // the connection, store or loop is gone
  kMalformed,  // bytes that do not follow their format
  kLimit,      // a length, depth or count over its bound
  kCrypto,     // a signature, MAC or key is wrong
  kNotFound,
  kConflict,     // somebody else holds it, or it is there already
  kIo,           // disk or socket
  kUnavailable,  // the peer cannot now; trying again later makes sense
  kRejected,     // the peer said no; `detail` has its number (HTTP status, iq or stream error code)
  kInvalidArgument,
  kCorrupt,  // stored data that fails its checks
};

std::string_view to_string(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kIo;
  std::string message;  // a sentence without secrets, bodies or keys
  int detail = 0;       // the peer's own number, 0 if none

  /// The same error with where it happened in front: "open store: disk full".
  Error within(std::string_view context) &&;
};

}  // namespace base
