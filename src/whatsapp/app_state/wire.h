// Protobuf messages to bytes and back, for the sources of this room.
#pragma once

#include <google/protobuf/message_lite.h>

#include <climits>

#include "base/bytes.h"

namespace whatsapp::app_state {

/// False for bytes that are not of this shape.
[[nodiscard]] inline bool parse(google::protobuf::MessageLite& out, base::ByteView bytes) {
  return bytes.size() <= INT_MAX && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

[[nodiscard]] inline base::Bytes serialised(const google::protobuf::MessageLite& message) {
  base::Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

}  // namespace whatsapp::app_state
