// Linking by an eight-character code that the user types into the phone. Both sides hide an ephemeral key
// under the code, agree on a secret, and the phone learns the companion's identity from a bundle that only
// the right code opens. What comes out is the adv secret of the pair-success that follows. Spec 03 §8, §15.6.
//
// Every call that takes the code runs PBKDF2 with 131072 iterations, tens of milliseconds: call it on a
// worker thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

inline constexpr std::size_t kCodeLength = 8;
inline constexpr std::string_view kCodeAlphabet = "123456789ABCDEFGHJKLMNPQRSTVWXYZ";
inline constexpr std::size_t kWrappedEphemeralSize = 80;  // salt 32 || iv 16 || key 32
inline constexpr std::size_t kWrappedBundleSize = 156;    // salt 32 || nonce 12 || keys 96 || tag 16

/// 40 bits, the highest first, 5 per character.
std::string encode_code(const base::FixedBytes<5>& bits);
/// A random code. Draws 5 bytes.
std::string generate_code(base::Random& random);
/// As typed or configured: dashes and spaces dropped, upper case. kInvalidArgument unless eight characters
/// of the alphabet remain.
base::Result<std::string> normalise_code(std::string_view typed);
/// "XXXX-XXXX", for people.
std::string display_code(std::string_view code);

// ---- the companion's side --------------------------------------------------------------------------

struct CompanionHello {
  crypto::KeyPair ephemeral;
  base::Bytes wrapped_ephemeral;  // link_code_pairing_wrapped_companion_ephemeral_pub
};
/// Draws: ephemeral key (32 bytes), salt (32), iv (16).
CompanionHello make_companion_hello(std::string_view code, base::Random& random);

struct CompanionFinish {
  base::Bytes wrapped_key_bundle;  // link_code_pairing_wrapped_key_bundle
  AdvSecret adv_secret;            // in force before the finish is sent
  crypto::PublicKey primary_identity{};
};
/// Answers the phone's primary_hello. kMalformed for wrong lengths, kCrypto for keys of low order. A wrongly
/// typed code is not noticed here: the phone will fail to open the bundle and say hello again.
/// Draws: random part of the secret (32 bytes), salt (32), nonce (12).
base::Result<CompanionFinish> answer_primary_hello(std::string_view code, const crypto::KeyPair& ephemeral,
                                                   const crypto::KeyPair& identity,
                                                   base::ByteView wrapped_primary_ephemeral,
                                                   base::ByteView primary_identity, base::Random& random);

// ---- the phone's side ------------------------------------------------------------------------------

struct PrimaryHello {
  base::Bytes wrapped_ephemeral;      // link_code_pairing_wrapped_primary_ephemeral_pub
  base::Secret<32> shared_ephemeral;  // kept for opening the bundle
};
/// Draws: ephemeral key (32 bytes), salt (32), iv (16).
base::Result<PrimaryHello> answer_companion_hello(std::string_view code,
                                                  base::ByteView wrapped_companion_ephemeral,
                                                  base::Random& random);

/// Opens the bundle of companion_finish and derives the adv secret. kCrypto: the code was not the one the
/// companion showed, or the bundle names other identities.
base::Result<AdvSecret> open_key_bundle(const PrimaryHello& hello, const crypto::KeyPair& primary_identity,
                                        const crypto::PublicKey& companion_identity,
                                        base::ByteView wrapped_key_bundle);

}  // namespace whatsapp::pairing
