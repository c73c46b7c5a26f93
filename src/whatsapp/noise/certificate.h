// The server proves its Noise key with a chain of two certificates: the root, which we pin, signs an
// intermediate key, and that signs the server's key (spec 01 §9).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve25519.h"

namespace whatsapp::noise {

/// The root of the production service.
inline constexpr crypto::PublicKey kServiceRoot{
    0x14, 0x23, 0x75, 0x57, 0x4d, 0x0a, 0x58, 0x71, 0x66, 0xaa, 0xe7, 0x1e, 0xbe, 0x51, 0x64, 0x37,
    0xc4, 0xa2, 0x8b, 0x73, 0xe3, 0x69, 0x5c, 0x6c, 0xe1, 0xf7, 0xf9, 0x54, 0x5d, 0xa8, 0xee, 0x6b};

struct CertificatePolicy {
  crypto::PublicKey root_key = kServiceRoot;
  std::uint32_t root_serial = 0;
  std::chrono::seconds clock_tolerance{24 * 60 * 60};  // how wrong our clock may be
};

/// Unix seconds, both included.
struct ValidityWindow {
  std::uint64_t not_before = 0;
  std::uint64_t not_after = 0;

  [[nodiscard]] bool contains(std::int64_t now, std::chrono::seconds tolerance = {}) const;
};

/// A server key whose chain was checked; worth keeping to resume with.
struct VerifiedServer {
  crypto::PublicKey key{};
  ValidityWindow leaf;
  ValidityWindow intermediate;

  [[nodiscard]] bool valid_at(std::int64_t now) const {
    return leaf.contains(now) && intermediate.contains(now);
  }
};

/// Checks the serialised chain that came with `server_key`. kMalformed for a chain that is none, kCrypto
/// for a wrong signature, serial or key; is_clock_fault() for a chain that is right but not valid now.
base::Result<VerifiedServer> verify_chain(base::ByteView chain, const crypto::PublicKey& server_key,
                                          const CertificatePolicy& policy, std::int64_t now);

/// True for the error of a chain outside its validity: the local clock is the first suspect, not an attack.
bool is_clock_fault(const base::Error& error);

// ---- the issuing side, for a server of our own ----

struct CertificateIssue {
  crypto::KeyPair root;
  std::uint32_t root_serial = 0;
  crypto::KeyPair intermediate;
  std::uint32_t intermediate_serial = 1;
  crypto::PublicKey server_key{};
  std::uint32_t leaf_serial = 2;
  ValidityWindow validity;
};

/// The serialised chain for `issue.server_key`.
base::Bytes issue_chain(const CertificateIssue& issue, base::Random& random);

}  // namespace whatsapp::noise
