// The phone's signed list of the key indexes that are in use: it tells which devices of an account still
// belong to it. Spec 03 §11.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "whatsapp/pairing/device_identity.h"

namespace whatsapp::pairing {

/// ADVKeyIndexList.
struct KeyIndexList {
  std::uint32_t raw_id = 0;
  std::uint64_t timestamp = 0;               // Unix seconds
  std::uint32_t current_index = 0;           // highest index given so far
  std::vector<std::uint32_t> valid_indexes;  // includes 0, the phone
  Encryption account_type = Encryption::kEndToEnd;

  static base::Result<KeyIndexList> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes encode() const;

  /// Device 0 always; else a valid index, or one newer than the list.
  [[nodiscard]] bool allows(std::uint32_t device, std::uint32_t key_index) const;
};

/// ADVSignedKeyIndexList, the content of <key-index-list>.
struct SignedKeyIndexList {
  base::Bytes details;  // KeyIndexList as received
  base::Bytes account_signature;
  std::optional<crypto::PublicKey> account_signature_key;  // normally absent

  static base::Result<SignedKeyIndexList> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes encode() const;
};

SignedKeyIndexList sign_key_index_list(const crypto::KeyPair& account, const KeyIndexList& list,
                                       base::Random& random);
[[nodiscard]] bool verify_key_index_list(const SignedKeyIndexList& list, const crypto::PublicKey& account);

}  // namespace whatsapp::pairing
