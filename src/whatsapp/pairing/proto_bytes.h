// Between protobuf's strings and our byte types. Private to this room; includes protobuf.
#pragma once

#include <google/protobuf/message_lite.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace whatsapp::pairing {

/// Nothing of this room is larger on the wire.
inline constexpr std::size_t kMaxEnvelope = 64 * 1024;

inline void set_bytes(std::string* field, base::ByteView bytes) {
  field->assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

template <class Message>
base::Result<Message> parse_proto(base::ByteView bytes, const char* what) {
  Message message;
  if (bytes.size() > kMaxEnvelope || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return base::fail(base::ErrorCode::kMalformed, std::string{what} + " does not decode");
  return message;
}

inline base::Bytes serialize_proto(const google::protobuf::MessageLite& message) {
  base::Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

template <std::size_t N>
std::optional<base::FixedBytes<N>> exactly(const std::string& field) {
  if (field.size() != N) return std::nullopt;
  return base::to_fixed<N>(base::as_bytes(field));
}

}  // namespace whatsapp::pairing
