#include "whatsapp/noise/handshake_message.h"

namespace whatsapp::noise {

base::Result<proto::HandshakeMessage> parse_handshake_message(base::ByteView frame) {
  proto::HandshakeMessage message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size())))
    return base::fail(base::ErrorCode::kMalformed, "unreadable handshake message");
  return message;
}

base::Bytes serialized(const proto::HandshakeMessage& message) {
  base::Bytes out(message.ByteSizeLong());
  message.SerializeToArray(out.data(), static_cast<int>(out.size()));
  return out;
}

base::Result<crypto::PublicKey> parse_key(base::ByteView bytes) {
  if (bytes.size() != std::tuple_size_v<crypto::PublicKey>)
    return base::fail(base::ErrorCode::kMalformed, "handshake key of the wrong length");
  return base::to_fixed<32>(bytes);
}

}  // namespace whatsapp::noise
