#include "whatsapp/client/own_device.h"

#include "whatsapp/signal/keys.h"

namespace whatsapp {

store::DeviceCredentials make_credentials(base::Random& random, std::int64_t now_unix_seconds) {
  store::DeviceCredentials made;
  made.noise = crypto::generate_key_pair(random);
  made.identity = crypto::generate_key_pair(random);
  made.registration_id = signal::generate_registration_id(random);
  made.signed_pre_key = signal::generate_signed_pre_key(1, made.identity, now_unix_seconds, random);
  random.fill(made.adv_secret.mutable_bytes());
  return made;
}

runtime::Task<base::Result<void>> OwnDevice::load() {
  auto query = [](store::DeviceStore& store) { return store.credentials(); };
  WA_CO_TRY(auto stored, co_await store_.read(query));
  if (stored) {
    const auto& key = stored->signed_pre_key;
    const bool sound =
        signal::verify_signed_pre_key(stored->identity.public_key, key.keys.public_key, key.signature);
    if (!sound && stored->paired)
      co_return base::fail(base::ErrorCode::kCorrupt, "the stored signed pre-key does not verify");
    if (sound) {
      credentials_ = *std::move(stored);
      co_return base::Result<void>{};
    }
  }
  store::Changes changes;
  change(changes, [this](auto& record) { record = make_credentials(random_, clock_.unix_seconds()); });
  changes.signed_pre_keys.push_back(credentials_.signed_pre_key);
  co_return co_await store_.commit(std::move(changes));
}

Self OwnDevice::self() const {
  const auto& link = *credentials_.paired;
  return Self{.pn = link.pn, .lid = link.lid, .push_name = link.push_name};
}

void OwnDevice::rotate_adv_secret() { random_.fill(credentials_.adv_secret.mutable_bytes()); }

}  // namespace whatsapp
