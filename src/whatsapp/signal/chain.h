// The symmetric half of the ratchet: a chain key that moves forward once per message, the keys of one
// message, and the seeds of messages that were skipped and may still arrive. Spec 04 §4, §6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace whatsapp::signal {

/// Skipped messages remembered per chain; the oldest are forgotten.
inline constexpr std::size_t kMaxSkippedKeys = 2000;

struct ChainKey {
  std::uint32_t index = 0;  // counter of the next message
  base::Secret<32> key;
};

/// HMAC(chain key, 01): what the keys of one message are derived from.
base::Secret<32> message_seed(const base::Secret<32>& chain_key);
/// HMAC(chain key, 02).
base::Secret<32> next_chain_key(const base::Secret<32>& chain_key);

struct MessageKeys {
  base::Secret<32> cipher;
  base::Secret<32> mac;
  base::Secret<16> iv;
};
MessageKeys derive_message_keys(const base::Secret<32>& seed);

/// Seeds by message counter, oldest first, at most kMaxSkippedKeys.
class SkippedKeys {
 public:
  struct Entry {
    std::uint32_t index = 0;
    base::Secret<32> seed;
  };

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::optional<std::uint32_t> lowest_index() const;

  /// Removes and returns the seed of `index`.
  std::optional<base::Secret<32>> take(std::uint32_t index);
  void add(std::uint32_t index, const base::Secret<32>& seed);
  /// Walks the chain from `index` to `until` (excluded), remembering the seeds on the way; returns the
  /// chain key for `until`. The caller has bounded the distance.
  base::Secret<32> skip(base::Secret<32> chain_key, std::uint32_t index, std::uint32_t until);

  /// (index, 4 bytes big-endian || seed, 32 bytes) repeated.
  [[nodiscard]] base::Bytes pack() const;
  /// kCorrupt if the length is not a multiple of 36 or there are too many.
  static base::Result<SkippedKeys> unpack(base::ByteView packed);

 private:
  void make_room(std::size_t count);

  std::vector<Entry> entries_;
};

}  // namespace whatsapp::signal
