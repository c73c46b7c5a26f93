#include "whatsapp/app_state/sync_key.h"

#include <tuple>

#include "crypto/hkdf.h"
#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

constexpr std::size_t kKeySize = 32;

struct NumberedId {
  std::uint16_t device = 0;
  std::uint32_t epoch = 0;
};

std::optional<NumberedId> numbered(const KeyId& id) {
  if (id.size() != 6) return std::nullopt;
  const base::ByteView view{id};
  return NumberedId{static_cast<std::uint16_t>(base::read_big_endian(view.first(2))),
                    static_cast<std::uint32_t>(base::read_big_endian(view.subspan(2)))};
}

/// Greater is better for encrypting.
auto rank(const KeyId& id, std::int64_t timestamp_ms) {
  const auto number = numbered(id);
  const NumberedId parts = number.value_or(NumberedId{});
  return std::tuple{number.has_value(), parts.epoch, -std::int32_t{parts.device}, timestamp_ms};
}

bool expired(const KeyId& id, std::optional<std::uint32_t> expired_epoch) {
  const auto number = numbered(id);
  return expired_epoch && number && number->epoch <= *expired_epoch;
}

base::Secret<32> part(const base::Secret<160>& all, std::size_t index) {
  return base::Secret<32>{base::to_fixed<32>(all.view().subspan(index * kKeySize, kKeySize))};
}

}  // namespace

base::Result<std::optional<SyncKey>> read_sync_key(base::ByteView id, base::ByteView key_data) {
  proto::AppStateSyncKeyData data;
  if (!parse(data, key_data)) return base::fail(base::ErrorCode::kMalformed, "app state key is no key data");
  if (!data.has_key_data() || data.key_data().empty()) return std::nullopt;
  if (id.empty() || id.size() > kMaxKeyIdSize)
    return base::fail(base::ErrorCode::kMalformed, "app state key with an id of a wrong length");
  if (data.key_data().size() != kKeySize)
    return base::fail(base::ErrorCode::kMalformed, "app state key of a wrong length");
  return SyncKey{base::to_bytes(id),
                 base::Secret<32>{base::to_fixed<kKeySize>(base::as_bytes(data.key_data()))},
                 data.timestamp()};
}

MutationKeys expand(const base::Secret<32>& key_data) {
  const auto all = crypto::hkdf_sha256<5 * kKeySize>(key_data.view(), {}, "WhatsApp Mutation Keys");
  return {part(all, 0), part(all, 1), part(all, 2), part(all, 3), part(all, 4)};
}

bool KeyRing::add(SyncKey key) {
  const auto known = keys_.find(key.id);
  if (known != keys_.end() && known->second.timestamp_ms >= key.timestamp_ms) return false;
  keys_.insert_or_assign(std::move(key.id), Entry{key.timestamp_ms, expand(key.data)});
  return true;
}

const MutationKeys* KeyRing::find(base::ByteView id) const {
  const auto found = keys_.find(base::to_bytes(id));
  return found == keys_.end() ? nullptr : &found->second.keys;
}

const KeyId* KeyRing::active(std::optional<std::uint32_t> expired_epoch) const {
  const KeyId* best = nullptr;
  std::int64_t best_time = 0;
  for (const auto& [id, entry] : keys_) {
    if (expired(id, expired_epoch)) continue;
    if (best != nullptr && rank(id, entry.timestamp_ms) <= rank(*best, best_time)) continue;
    best = &id;
    best_time = entry.timestamp_ms;
  }
  return best;
}

base::Bytes build_key_request(std::span<const KeyId> missing) {
  proto::SyncdKeyRequest request;
  for (const KeyId& id : missing) request.add_key_ids()->set_id(id.data(), id.size());
  return serialised(request);
}

}  // namespace whatsapp::app_state
