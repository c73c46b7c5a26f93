#include "whatsapp/signal/chain.h"

#include <algorithm>
#include <limits>

#include "crypto/hkdf.h"
#include "crypto/hmac.h"

namespace whatsapp::signal {
namespace {

using base::ByteView;
using base::Secret;

constexpr base::FixedBytes<1> kSeedLabel{0x01};
constexpr base::FixedBytes<1> kNextLabel{0x02};
constexpr std::size_t kPackedEntry = 4 + 32;

bool before(const SkippedKeys::Entry& entry, std::uint32_t index) { return entry.index < index; }

ChainAdvance::Forward walk(Secret<32> key, std::uint32_t index, std::uint32_t counter) {
  ChainAdvance::Forward out;
  for (; index < counter; ++index) {
    // What would be forgotten at once is not even derived.
    if (counter - index <= kMaxSkippedKeys) out.passed.add(index, message_seed(key));
    key = next_chain_key(key);
  }
  out.index = index;
  out.key = key;
  return out;
}

}  // namespace

Secret<32> message_seed(const Secret<32>& chain_key) {
  return Secret<32>{crypto::hmac_sha256(chain_key.view(), kSeedLabel)};
}

Secret<32> next_chain_key(const Secret<32>& chain_key) {
  return Secret<32>{crypto::hmac_sha256(chain_key.view(), kNextLabel)};
}

MessageKeys derive_message_keys(const Secret<32>& seed) {
  const auto derived = crypto::hkdf_sha256<80>(seed.view(), {}, "WhisperMessageKeys");
  const ByteView all = derived.view();
  return {Secret<32>{base::to_fixed<32>(all.first(32))}, Secret<32>{base::to_fixed<32>(all.subspan(32, 32))},
          Secret<16>{base::to_fixed<16>(all.subspan(64))}};
}

std::optional<std::uint32_t> SkippedKeys::lowest_index() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().index;
}

const Secret<32>* SkippedKeys::find(std::uint32_t index) const {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), index, before);
  return at != entries_.end() && at->index == index ? &at->seed : nullptr;
}

void SkippedKeys::erase(std::uint32_t index) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), index, before);
  if (at != entries_.end() && at->index == index) entries_.erase(at);
}

void SkippedKeys::add(std::uint32_t index, const Secret<32>& seed) {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), index, before);
  if (at != entries_.end() && at->index == index) return;
  entries_.insert(at, {index, seed});
  if (entries_.size() > kMaxSkippedKeys) entries_.erase(entries_.begin());
}

void SkippedKeys::add_all(const SkippedKeys& others) {
  std::vector<Entry> both;
  both.reserve(entries_.size() + others.size());
  const auto by_index = [](const Entry& a, const Entry& b) { return a.index < b.index; };
  std::set_union(entries_.begin(), entries_.end(), others.entries_.begin(), others.entries_.end(),
                 std::back_inserter(both), by_index);
  if (both.size() > kMaxSkippedKeys)
    both.erase(both.begin(), both.end() - static_cast<std::ptrdiff_t>(kMaxSkippedKeys));
  entries_ = std::move(both);
}

base::Bytes SkippedKeys::pack() const {
  base::Bytes out;
  out.reserve(entries_.size() * kPackedEntry);
  for (const Entry& entry : entries_) {
    base::append(out, base::big_endian<4>(entry.index));
    base::append(out, entry.seed.view());
  }
  return out;
}

base::Result<SkippedKeys> SkippedKeys::unpack(ByteView packed) {
  if (packed.size() % kPackedEntry != 0 || packed.size() / kPackedEntry > kMaxSkippedKeys)
    return base::fail(base::ErrorCode::kCorrupt, "skipped keys of the wrong length");
  SkippedKeys out;
  out.entries_.reserve(packed.size() / kPackedEntry);
  for (; !packed.empty(); packed = packed.subspan(kPackedEntry)) {
    const auto index = static_cast<std::uint32_t>(base::read_big_endian(packed.first(4)));
    if (!out.empty() && index <= out.entries_.back().index)
      return base::fail(base::ErrorCode::kCorrupt, "skipped keys out of order");
    out.entries_.push_back({index, Secret<32>{base::to_fixed<32>(packed.subspan(4, 32))}});
  }
  return out;
}

std::expected<ChainAdvance, DecryptError> plan_advance(std::uint32_t index, const Secret<32>* key,
                                                       const SkippedKeys& skipped, std::uint32_t counter,
                                                       std::uint32_t max_jump) {
  if (counter < index) {
    const Secret<32>* seed = skipped.find(counter);
    if (seed == nullptr) return std::unexpected(DecryptError::kDuplicate);
    return ChainAdvance{*seed, std::nullopt};
  }
  if (key == nullptr) return std::unexpected(DecryptError::kInvalidMessage);
  if (counter - index >= max_jump) return std::unexpected(DecryptError::kTooFarAhead);
  if (counter == std::numeric_limits<std::uint32_t>::max())
    return std::unexpected(DecryptError::kInvalidMessage);

  ChainAdvance out;
  out.forward = walk(*key, index, counter);
  out.seed = message_seed(out.forward->key);
  out.forward->key = next_chain_key(out.forward->key);
  out.forward->index = counter + 1;
  return out;
}

}  // namespace whatsapp::signal
