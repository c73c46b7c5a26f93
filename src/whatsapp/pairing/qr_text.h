// The text behind the QR code: where to find this connection (ref), who we are (Noise and identity key),
// and the secret that only a camera sees. Never log it. Spec 03 §5.1.
//
//   https://wa.me/settings/linked_devices#REF,base64(noise),base64(identity),base64(adv secret),PLATFORM
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

inline constexpr std::string_view kQrPrefix = "https://wa.me/settings/linked_devices#";

struct QrContent {
  std::string ref;  // as the server gave it; may contain commas
  crypto::PublicKey noise{};
  crypto::PublicKey identity{};
  AdvSecret adv_secret;
  std::string platform = "1";  // companion platform id, see companion_platform.h
};

std::string qr_text(const QrContent& content);

/// The phone's side: with or without the prefix, standard or URL-safe base64. kMalformed otherwise.
base::Result<QrContent> parse_qr_text(std::string_view text);

}  // namespace whatsapp::pairing
