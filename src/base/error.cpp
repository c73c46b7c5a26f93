#include "base/error.h"

namespace base {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kCrypto:
      return "crypto";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kRejected:
      return "rejected";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kCorrupt:
      return "corrupt";
  }
  return "unknown";
}

Error Error::within(std::string_view context) && {
  message.insert(0, ": ");
  message.insert(0, context);
  return std::move(*this);
}

}  // namespace base
