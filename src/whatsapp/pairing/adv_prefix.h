// The two bytes in front of every text that ADV signs, so that a signature of one kind can never pass for
// another. Private to this room. Spec 03 §2.
#pragma once

#include "base/bytes.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

using AdvPrefix = base::FixedBytes<2>;

inline constexpr AdvPrefix kAccountPrefix{6, 0};
inline constexpr AdvPrefix kDevicePrefix{6, 1};
inline constexpr AdvPrefix kKeyIndexListPrefix{6, 2};
inline constexpr AdvPrefix kHostedAccountPrefix{6, 5};  // also in front of the HMAC of hosted accounts
inline constexpr AdvPrefix kHostedDevicePrefix{6, 6};
inline constexpr AdvPrefix kHostedKeyIndexListPrefix{6, 7};

/// HMAC of a signed device identity under the adv secret.
base::FixedBytes<32> container_hmac(const AdvSecret& secret, Encryption account_type,
                                    base::ByteView signed_identity);

}  // namespace whatsapp::pairing
