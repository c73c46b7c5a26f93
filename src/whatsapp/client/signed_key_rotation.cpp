#include "whatsapp/client/signed_key_rotation.h"

#include <charconv>

#include "whatsapp/client/pre_key_stanzas.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Node;

constexpr const char* kLastTry = "signed_pre_key_tried_at";  // Unix seconds as text

std::int64_t seconds_in(const base::Bytes& text) {
  std::int64_t value = 0;
  const auto digits = base::as_text(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// The key after the current one: made at an earlier try, or now. Durable, and the try is noted.
runtime::Task<base::Result<signal::SignedPreKey>> next_key(OwnDevice& device, AccountStore& store,
                                                           base::Random& random, std::int64_t now) {
  const std::uint32_t id = signal::next_pre_key_id(device.credentials().signed_pre_key.id);
  const auto load = [id](store::DeviceStore& rows) { return rows.signed_pre_key(id); };
  WA_CO_TRY(auto made_before, co_await store.read(load));
  const auto& identity = device.credentials().identity;
  const bool usable =
      made_before && signal::verify_signed_pre_key(identity.public_key, made_before->keys.public_key,
                                                   made_before->signature);
  auto key = usable ? *std::move(made_before) : signal::generate_signed_pre_key(id, identity, now, random);
  key.created_at = now;
  store::Changes changes;
  changes.signed_pre_keys.push_back(key);
  changes.values.emplace_back(kLastTry, base::to_bytes(std::to_string(now)));
  WA_CO_TRY_VOID(co_await store.commit(std::move(changes)));
  co_return key;
}

runtime::Task<base::Result<bool>> is_due(const SignedKeyRotation& settings, OwnDevice& device,
                                         AccountStore& store, std::int64_t now) {
  if (settings.every <= 0 || now - device.credentials().signed_pre_key.created_at < settings.every)
    co_return false;
  const auto load = [](store::DeviceStore& rows) { return rows.value(kLastTry); };
  WA_CO_TRY(const auto tried, co_await store.read(load));
  co_return !tried || now - seconds_in(*tried) >= settings.retry_after;
}

}  // namespace

runtime::Task<void> rotate_signed_key_if_due(SignedKeyRotation settings, StanzaChannel& channel,
                                             OwnDevice& device, AccountStore& store, base::Random& random,
                                             std::int64_t now, base::Log log) {
  const auto due = co_await is_due(settings, device, store, now);
  if (!due || !*due) co_return;
  const auto key = co_await next_key(device, store, random, now);
  if (!key) co_return;
  Node iq = signed_key_rotation(*key);
  const auto answer = co_await channel.query(std::move(iq), settings.iq_timeout);
  if (!answer) {
    log.warn("the server did not take a new signed pre-key; the old one stays",
             {{"code", answer.error().detail}, {"error", answer.error().message}});
    co_return;
  }
  store::Changes changes;
  const signal::SignedPreKey current = *key;
  device.change(changes, [&current](store::DeviceCredentials& record) { record.signed_pre_key = current; });
  (void)co_await store.commit(std::move(changes));
  log.info("a new signed pre-key is in use", {{"id", current.id}});
}

}  // namespace whatsapp
