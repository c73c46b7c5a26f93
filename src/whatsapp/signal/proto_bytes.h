// Between protobuf's strings and our byte types. Private to this room; includes protobuf.
#pragma once

#include <google/protobuf/message_lite.h>
#include <sodium.h>

#include <limits>
#include <string>

#include "base/bytes.h"

namespace whatsapp::signal {

inline void set_bytes(std::string* field, base::ByteView bytes) {
  field->assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

inline bool parse_proto(google::protobuf::MessageLite& message, base::ByteView bytes) {
  return bytes.size() <= std::numeric_limits<int>::max() &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// `prefix` || message.
inline base::Bytes serialize_proto(const google::protobuf::MessageLite& message, base::ByteView prefix = {}) {
  const std::size_t size = message.ByteSizeLong();
  base::Bytes out(prefix.size() + size);
  std::copy(prefix.begin(), prefix.end(), out.begin());
  message.SerializeWithCachedSizesToArray(out.data() + prefix.size());
  return out;
}

/// Overwrites a field that held key material; protobuf would only free it.
inline void wipe(std::string* field) { sodium_memzero(field->data(), field->size()); }

}  // namespace whatsapp::signal
