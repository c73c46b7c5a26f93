// Reading and writing the protobuf around a handshake step. Private to this room.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "proto/handshake.pb.h"

namespace whatsapp::noise {

inline constexpr std::size_t kSealedKeySize = 48;  // a public key and its tag

/// kMalformed if the bytes are no HandshakeMessage.
base::Result<proto::HandshakeMessage> parse_handshake_message(base::ByteView frame);

base::Bytes serialized(const proto::HandshakeMessage& message);

/// A raw public key of exactly 32 bytes; kMalformed otherwise.
base::Result<crypto::PublicKey> parse_key(base::ByteView bytes);

inline void assign(std::string& field, base::ByteView bytes) { field.assign(base::as_text(bytes)); }

}  // namespace whatsapp::noise
