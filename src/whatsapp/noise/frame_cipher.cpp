#include "whatsapp/noise/frame_cipher.h"

#include <limits>

#include "crypto/aes.h"
#include "whatsapp/noise/frame_stream.h"

namespace whatsapp::noise {
namespace {

constexpr std::uint64_t kCounterEnd = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kRenewAfter = std::uint64_t{1} << 31;

auto counter_used_up() { return base::fail(base::ErrorCode::kLimit, "frame counter used up"); }

}  // namespace

FrameCipher::FrameCipher(const TransportKeys& keys, Side side)
    : send_key_(side == Side::kClient ? keys.client_to_server : keys.server_to_client),
      receive_key_(side == Side::kClient ? keys.server_to_client : keys.client_to_server) {}

base::Result<void> FrameCipher::seal(base::ByteView plaintext, base::Bytes& out) {
  const std::size_t payload = plaintext.size() + crypto::kGcmTagSize;
  if (payload > kMaxFramePayload) return base::fail(base::ErrorCode::kLimit, "frame too long");
  if (sent_ >= kCounterEnd) return counter_used_up();
  const std::size_t start = out.size();
  out.resize(start + kFrameHeaderSize + payload);
  const base::MutableByteView frame = base::MutableByteView{out}.subspan(start);
  const auto length = base::big_endian<kFrameHeaderSize>(payload);
  std::copy(length.begin(), length.end(), frame.begin());
  crypto::aes256_gcm_seal_into(send_key_.bytes(), nonce_of(static_cast<std::uint32_t>(sent_)), {}, plaintext,
                               frame.subspan(kFrameHeaderSize));
  ++sent_;
  return {};
}

base::Result<base::MutableByteView> FrameCipher::open(base::MutableByteView payload) {
  if (payload.size() <= crypto::kGcmTagSize)
    return base::fail(base::ErrorCode::kMalformed, "encrypted frame too short");
  if (received_ >= kCounterEnd) return counter_used_up();
  WA_TRY(const base::MutableByteView plaintext,
         crypto::aes256_gcm_open_in_place(receive_key_.bytes(),
                                          nonce_of(static_cast<std::uint32_t>(received_)), {}, payload));
  ++received_;
  return plaintext;
}

bool FrameCipher::should_renew() const { return sent_ >= kRenewAfter || received_ >= kRenewAfter; }

}  // namespace whatsapp::noise
