// Watches ciphertexts on their way: a device that uses the same ratchet key and counter for two different
// ciphertexts has encrypted twice with one message key, the worst thing a client can do.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/bytes.h"

namespace simulator {

/// Ciphertexts remembered; older ones are forgotten.
inline constexpr std::size_t kWatchedCiphers = 200'000;

class CipherWatch {
 public:
  enum class Verdict { kFresh, kRepeated, kReused, kUnreadable };

  /// `type` is the enc's "msg" or "pkmsg". kRepeated: the very same bytes again, as a re-send has them.
  Verdict note(std::string_view type, base::ByteView ciphertext);

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> seen_;  // (ratchet key, counter) → ciphertext, hashed
  std::deque<std::uint64_t> order_;
};

}  // namespace simulator
