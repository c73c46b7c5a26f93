// Protobuf messages as the bytes of records, for the sources of this folder.
#pragma once

#include <google/protobuf/message_lite.h>

#include <climits>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp {

[[nodiscard]] inline base::Result<void> parse_record(base::ByteView bytes,
                                                     google::protobuf::MessageLite& out) {
  if (bytes.size() <= INT_MAX && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return base::fail(base::ErrorCode::kCorrupt, "a stored record cannot be read");
}

[[nodiscard]] inline base::Bytes record_bytes(const google::protobuf::MessageLite& message) {
  base::Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

}  // namespace whatsapp
