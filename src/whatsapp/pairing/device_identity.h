// ADV: how a phone vouches for its companions, and a companion for itself. The phone signs the details of a
// device (`06 00`), the device signs back (`06 01`), and while linking an HMAC under the adv secret, which
// only the two of them know, proves that the container comes from the phone that scanned the code.
// Identity keys inside the signed text are raw 32 bytes. Spec 03 §2, §6, §11, §14.
//
// The bytes of `details` are kept as received: they are what is signed, and are never encoded again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "crypto/xeddsa.h"

namespace whatsapp::pairing {

using AdvSecret = base::Secret<32>;

/// Whether keys live on the user's own device or on a server of the Business API.
enum class Encryption { kEndToEnd, kHosted };

/// ADVDeviceIdentity.
struct DeviceDetails {
  std::uint32_t raw_id = 0;     // of the account's registration; changes when the phone registers anew
  std::uint64_t timestamp = 0;  // Unix seconds
  std::uint32_t key_index = 0;  // companions from 1, never used twice; 0 if absent
  Encryption account_type = Encryption::kEndToEnd;
  Encryption device_type = Encryption::kEndToEnd;

  static base::Result<DeviceDetails> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes encode() const;
};

/// ADVSignedDeviceIdentity. The stored form has all four fields (the content of <device-identity> beside a
/// `pkmsg`); the reply to pair-success leaves the account signature key out.
struct SignedDeviceIdentity {
  base::Bytes details;
  std::optional<crypto::PublicKey> account_signature_key;
  crypto::Signature account_signature{};
  std::optional<crypto::Signature> device_signature;

  /// kMalformed if it does not decode; kCrypto if a key or signature has the wrong length.
  static base::Result<SignedDeviceIdentity> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes encode() const;
};

/// By the phone, over `device_identity`, the companion's public identity key.
crypto::Signature sign_as_account(const crypto::PrivateKey& account, Encryption device_type,
                                  base::ByteView details, const crypto::PublicKey& device_identity,
                                  base::Random& random);
/// The prefix depends on the device type inside `details`.
[[nodiscard]] bool verify_account_signature(const crypto::PublicKey& account, Encryption device_type,
                                            base::ByteView details, const crypto::PublicKey& device_identity,
                                            base::ByteView signature);

/// By the companion. Always with `06 01`: only servers of the Business API sign as hosted devices.
crypto::Signature sign_as_device(const crypto::KeyPair& device, base::ByteView details,
                                 const crypto::PublicKey& account, base::Random& random);
[[nodiscard]] bool verify_device_signature(const crypto::PublicKey& device, Encryption device_type,
                                           base::ByteView details, const crypto::PublicKey& account,
                                           base::ByteView signature);

/// Checks the <device-identity> of another user's companion against the identity key it uses: both
/// signatures, the account key taken from the node or, if absent there, `primary_identity`.
[[nodiscard]] bool verify_peer_device(base::ByteView device_identity, const crypto::PublicKey& device,
                                      const std::optional<crypto::PublicKey>& primary_identity);

// ---- the phone's side ------------------------------------------------------------------------------

/// The container of pair-success: details signed by the account, and the HMAC that ties it to the scan.
base::Bytes make_identity_container(const crypto::KeyPair& account, const DeviceDetails& details,
                                    const crypto::PublicKey& companion_identity, const AdvSecret& secret,
                                    base::Random& random);

/// What the phone checks in the companion's reply: the same details and account signature byte for byte,
/// no account signature key, a valid device signature. kMalformed or kCrypto with the reason.
base::Result<SignedDeviceIdentity> check_signed_reply(base::ByteView reply, base::ByteView container,
                                                      const crypto::PublicKey& account,
                                                      const crypto::PublicKey& companion_identity);

}  // namespace whatsapp::pairing
