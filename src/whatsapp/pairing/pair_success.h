// The end of every linking: the server relays what the phone signed, the companion checks it, signs back
// and is linked. Spec 03 §6, steps 2 to 8.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

inline constexpr std::size_t kMaxIdentityContainer = 500;  // bytes

struct LinkedIdentity {
  DeviceDetails details;
  crypto::PublicKey account_signature_key{};  // the phone's identity key
  base::Bytes reply;   // content of <device-identity> in the answer, without the account signature key
  base::Bytes stored;  // all four fields: goes beside every `pkmsg` from now on
};

/// The answer that refuses a pair-success: <error code text>, then the socket is closed. `reason` is for
/// the operator.
struct PairRefusal {
  enum class Code { kNotAuthorized = 401, kInternalError = 500 };
  Code code = Code::kInternalError;
  std::string reason;

  [[nodiscard]] int number() const { return static_cast<int>(code); }
  [[nodiscard]] std::string_view text() const;
};

/// `container` is the content of <device-identity> in <pair-success>. `expected_primary`, known after
/// linking by code, must be the key that signed. Draws 64 bytes for the device signature.
std::expected<LinkedIdentity, PairRefusal> accept_pair_success(
    base::ByteView container, const AdvSecret& secret, const crypto::KeyPair& identity,
    const std::optional<crypto::PublicKey>& expected_primary, base::Random& random);

}  // namespace whatsapp::pairing
