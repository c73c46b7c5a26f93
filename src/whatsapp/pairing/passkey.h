// Linking that WhatsApp guards with the account's passkey. Whoever holds the passkey signs a challenge; then
// companion and phone agree on a key, each having committed to its part before it sees the other's, and the
// companion's keys travel to the phone under it. What comes out is the adv secret of the pair-success that
// follows. Spec 03 §9.
//
//   prologue = make_prologue(…)          → sent with the assertion and handoff_proof()
//   phone    = read_primary_ephemeral(…) ← the phone's part; then our nonce is shown to it
//   pair     = agree_with_primary(…)     → the code that both sides show; the key of the request
//   encrypt_pairing_request(…)           → sent; pair-success follows
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

/// From the adv secret in force when the passkey was asked for: proves that the linking which began with a
/// scanned or typed code is the one that goes on.
base::Secret<32> passkey_handoff_key(const AdvSecret& adv_secret);

struct PasskeyPrologue {
  crypto::KeyPair ephemeral;
  base::FixedBytes<32> nonce{};  // shown to the phone only after it has committed itself
  int device_type = 0;           // number of DeviceProps.PlatformType
  std::string ref;
  base::Bytes payload;  // ProloguePayload, as sent
};

/// Draws: ephemeral key (32 bytes), nonce (32).
PasskeyPrologue make_prologue(int device_type, std::string_view ref, base::Random& random);
base::FixedBytes<32> handoff_proof(const base::Secret<32>& handoff_key, base::ByteView prologue_payload);

struct PrimaryEphemeral {
  crypto::PublicKey public_key{};
  base::FixedBytes<32> nonce{};
};
/// kMalformed for wrong lengths.
base::Result<PrimaryEphemeral> read_primary_ephemeral(base::ByteView bytes);

struct PasskeyAgreement {
  base::Secret<32> key;    // of the pairing request
  std::string check_code;  // eight characters; both sides show the same, or somebody is in between
};
/// kCrypto for a key of low order.
base::Result<PasskeyAgreement> agree_with_primary(const PasskeyPrologue& prologue,
                                                  const PrimaryEphemeral& primary);

/// EncryptedPairingRequest. Draws 12 bytes.
base::Bytes encrypt_pairing_request(const base::Secret<32>& key, const crypto::PublicKey& noise,
                                    const crypto::PublicKey& identity, const AdvSecret& adv_secret,
                                    base::Random& random);

// ---- the phone's side ------------------------------------------------------------------------------

/// What a prologue payload says, its commitment still unproved.
struct CompanionPrologue {
  base::Bytes identity;  // CompanionEphemeralIdentity as received
  crypto::PublicKey public_key{};
  int device_type = 0;
  std::string ref;
  base::FixedBytes<32> commitment{};

  static base::Result<CompanionPrologue> parse(base::ByteView payload);
  /// Whether `nonce` is the one that was committed to.
  [[nodiscard]] bool matches(base::ByteView nonce) const;
};

base::Bytes write_primary_ephemeral(const PrimaryEphemeral& primary);

/// The same agreement from the other side.
base::Result<PasskeyAgreement> agree_with_companion(const CompanionPrologue& companion,
                                                    const base::FixedBytes<32>& companion_nonce,
                                                    const crypto::KeyPair& ephemeral,
                                                    const base::FixedBytes<32>& nonce);

struct CompanionKeys {
  crypto::PublicKey noise{};
  crypto::PublicKey identity{};
  AdvSecret adv_secret;
};
/// kCrypto: it was made under another key.
base::Result<CompanionKeys> open_pairing_request(const base::Secret<32>& key, base::ByteView request);

}  // namespace whatsapp::pairing
