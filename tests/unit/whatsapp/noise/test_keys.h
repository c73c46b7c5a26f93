// The key set of the handshake's known answers: private keys that count up from a first byte.
#pragma once

#include "base/encoding.h"
#include "whatsapp/noise/handshake.h"

namespace noise_test {

constexpr std::int64_t kNow = 1'800'000'000;

inline crypto::KeyPair counting_key(std::uint8_t first) {
  base::FixedBytes<32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
  return crypto::key_pair_of(bytes);
}

inline crypto::KeyPair client_ephemeral() { return counting_key(0x01); }
inline crypto::KeyPair client_device() { return counting_key(0x21); }
inline crypto::KeyPair server_ephemeral() { return counting_key(0x41); }
inline crypto::KeyPair server_key() { return counting_key(0x61); }
inline crypto::KeyPair root_key() { return counting_key(0x81); }
inline crypto::KeyPair intermediate_key() { return counting_key(0xa1); }

inline base::Bytes hex(std::string_view text) { return base::from_hex(text).value(); }

/// Intermediate serial 7 by root serial 0, leaf serial 9, valid 1 700 000 000 to 2 000 000 000.
inline base::Bytes known_chain() {
  return hex(
      "0a760a32080910071a20244fe3b963e899dd295baffce248d3530f3a9a7479ba063002680ebfe7adad492080e2cfaa062880a8"
      "d6"
      "b90712408ba802785271255fdcb1a3dffcabed1217481bc3c799f4d836f251ac69dff3dbd505fd5b1a3ac3cef0eeeed96b042a"
      "79"
      "fa549b168615729bdc151202d46fb48112760a32080710001a20ad438bfae31f6c093d61d4339255ea798092c9fadd07b97827"
      "f4"
      "b0ae9dee7c1c2080e2cfaa062880a8d6b9071240a207817047077d6d4974ac9fa11b501957140a8cce93fed3139740e65e4d72"
      "8b"
      "85d6f2c33be1c1a570bf1536343279a9f684ccc5b5bc7a28e46a9651f8ec640a");
}

inline whatsapp::noise::CertificatePolicy known_policy() {
  whatsapp::noise::CertificatePolicy policy;
  policy.root_key = root_key().public_key;
  return policy;
}

inline whatsapp::noise::ClientCredentials known_client() {
  return {client_device(), client_ephemeral(), base::to_bytes("client-payload")};
}

inline whatsapp::noise::ServerHandshake known_server() {
  return {{server_key(), known_chain()}, server_ephemeral()};
}

}  // namespace noise_test
