// The tag bytes of the binary form (spec 02 §2). Private to the encoder and the decoder.
#pragma once

#include <cstdint>

namespace whatsapp::binary::tag {

inline constexpr std::uint8_t kListEmpty = 0;
inline constexpr std::uint8_t kDictionary0 = 236;
inline constexpr std::uint8_t kDictionary3 = 239;
inline constexpr std::uint8_t kInteropJid = 245;
inline constexpr std::uint8_t kMessengerJid = 246;
inline constexpr std::uint8_t kDeviceJid = 247;
inline constexpr std::uint8_t kList8 = 248;
inline constexpr std::uint8_t kList16 = 249;
inline constexpr std::uint8_t kJidPair = 250;
inline constexpr std::uint8_t kHex8 = 251;
inline constexpr std::uint8_t kBinary8 = 252;
inline constexpr std::uint8_t kBinary20 = 253;
inline constexpr std::uint8_t kBinary32 = 254;
inline constexpr std::uint8_t kNibble8 = 255;

}  // namespace whatsapp::binary::tag

namespace whatsapp::binary::domain {

// The server of a device JID, as one byte.
inline constexpr std::uint8_t kUser = 0;
inline constexpr std::uint8_t kLid = 1;
inline constexpr std::uint8_t kHosted = 128;
inline constexpr std::uint8_t kHostedLid = 129;

}  // namespace whatsapp::binary::domain
