// The symmetric half of the ratchet: a chain key that moves forward once per message, the keys of one
// message, and the seeds of messages that were skipped and may still arrive. Spec 04 §4, §6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "whatsapp/signal/decrypt_error.h"

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

/// Seeds by message counter, ascending, at most kMaxSkippedKeys: the lowest are forgotten first.
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

  /// The seed of `index`, or null.
  [[nodiscard]] const base::Secret<32>* find(std::uint32_t index) const;
  void erase(std::uint32_t index);
  /// Keeps the order by index; a second seed for the same index is ignored.
  void add(std::uint32_t index, const base::Secret<32>& seed);
  void add_all(const SkippedKeys& others);

  /// (index, 4 bytes big-endian || seed, 32 bytes) repeated.
  [[nodiscard]] base::Bytes pack() const;
  /// kCorrupt if the length is not a multiple of 36 or there are too many.
  static base::Result<SkippedKeys> unpack(base::ByteView packed);

 private:
  std::vector<Entry> entries_;
};

/// What reading one message would do to a chain. Worked out before the message is known to be genuine, so
/// that a forged one changes nothing.
struct ChainAdvance {
  struct Forward {
    std::uint32_t index = 0;  // of the chain afterwards
    base::Secret<32> key;
    SkippedKeys passed;
  };

  base::Secret<32> seed;           // of the message
  std::optional<Forward> forward;  // absent: the seed is one of the skipped
};

/// `key` is null for a closed chain. kDuplicate: used already, or too old to be kept. kTooFarAhead: at least
/// `max_jump` messages would be skipped. kInvalidMessage: beyond the end of the chain.
std::expected<ChainAdvance, DecryptError> plan_advance(std::uint32_t index, const base::Secret<32>* key,
                                                       const SkippedKeys& skipped, std::uint32_t counter,
                                                       std::uint32_t max_jump);

}  // namespace whatsapp::signal
