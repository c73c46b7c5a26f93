// Encryption of the stream after the handshake: one AES-256-GCM key and one counter per direction, both
// counters from 0, no additional data (spec 01 §10).
//
// The counter is the order of the frames: whoever seals a frame must send it, in that order, or close the
// connection. A frame that does not open is fatal for the same reason.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "whatsapp/noise/noise_state.h"

namespace whatsapp::noise {

enum class Side { kClient, kServer };

class FrameCipher {
 public:
  FrameCipher(const TransportKeys& keys, Side side);

  /// Appends the encrypted frame with its length to `out`. kLimit if the plaintext is too long for a frame
  /// or the counter is used up; nothing is appended and no counter consumed then.
  base::Result<void> seal(base::ByteView plaintext, base::Bytes& out);

  /// Decrypts the payload of a received frame in place and returns the plaintext in it. kMalformed if it is
  /// shorter than a tag and one byte, kCrypto if it is not the next frame of the peer, kLimit if the
  /// counter is used up.
  base::Result<base::MutableByteView> open(base::MutableByteView payload);

  /// Half of the counter is used: reconnect at leisure, long before it runs out.
  [[nodiscard]] bool should_renew() const;

 private:
  base::Secret<32> send_key_;
  base::Secret<32> receive_key_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

}  // namespace whatsapp::noise
