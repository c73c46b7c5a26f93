// What the message side asks of the account's one-time pre-keys. The keeper of the keys implements it: it
// alone numbers, stores and uploads them, so no id is ever used twice.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/signal/keys.h"

namespace whatsapp {

class PreKeySupply {
 public:
  virtual ~PreKeySupply() = default;

  /// The server says that `server_count` keys are left (`<notification type="encrypt"><count/>`). Starts
  /// an upload in the background when that is too few; returns at once.
  virtual void refill_if_low(std::size_t server_count) = 0;

  /// The server asks whether our keys are still what it has (`<digest/>`). Returns at once.
  virtual void check_digest() = 0;

  /// One fresh key for a retry receipt. Durable when it returns, and never uploaded: it goes to one peer
  /// only (store: PreKeyRow::Upload::kHandedOutDirectly).
  virtual runtime::Task<base::Result<signal::PreKey>> hand_out_one() = 0;
};

}  // namespace whatsapp
