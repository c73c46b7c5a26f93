// The keys and the link of this device, in memory: the one copy that all parts of a client read, and the
// only place that changes it. Keys are made once, at the first start, and are durable before anything uses
// them; a link that is put aside takes its keys with it, so that no identity is ever registered twice.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/self.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// Fresh keys of a device that is not linked: Noise, identity, registration id, signed pre-key 1, adv secret.
store::DeviceCredentials make_credentials(base::Random& random, std::int64_t now_unix_seconds);

class OwnDevice {
 public:
  OwnDevice(AccountStore& store, base::Random& random, const base::Clock& clock)
      : store_(store), random_(random), clock_(clock) {}

  /// Reads the record, or makes and stores one. An unlinked record whose signed pre-key does not verify is
  /// made anew; a linked one is kCorrupt. Other errors are the store's.
  runtime::Task<base::Result<void>> load();

  /// Valid after load(); the reference stays valid, its content follows the changes.
  [[nodiscard]] const store::DeviceCredentials& credentials() const { return credentials_; }
  [[nodiscard]] bool linked() const { return credentials_.paired.has_value(); }
  /// Only when linked.
  [[nodiscard]] Self self() const;

  /// A new adv secret, in memory: it matters only while this connection offers QR codes, and is stored with
  /// the link.
  void rotate_adv_secret();
  /// The one that was agreed with the phone, in memory likewise.
  void use_adv_secret(const base::Secret<32>& secret) { credentials_.adv_secret = secret; }
  /// Takes a link back that the server never learned of, in memory.
  void forget_link() { credentials_.paired.reset(); }
  /// `change(DeviceCredentials&)` here at once, and into `changes`, which the caller commits.
  template <class Change>
  void change(store::Changes& changes, Change change_record) {
    change_record(credentials_);
    changes.credentials = credentials_;
  }

 private:
  AccountStore& store_;
  base::Random& random_;
  const base::Clock& clock_;
  store::DeviceCredentials credentials_;
};

}  // namespace whatsapp
