// A new signed pre-key now and then, so that a stolen one opens first messages of a few days only. The new
// key is durable before the server hears of it and becomes the current one only when the server has taken it;
// the old ones stay in the store, because first messages made with them keep arriving. Spec 04 §10.6.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

struct SignedKeyRotation {
  std::int64_t every = 7 * 86'400;    // seconds; 0: never
  std::int64_t retry_after = 86'400;  // after the server refused one
  base::Duration iq_timeout{15'000};
};

/// Some time after a login: nothing unless the current key is old enough. Nothing here can end the
/// connection. `now` is Unix seconds.
runtime::Task<void> rotate_signed_key_if_due(SignedKeyRotation settings, StanzaChannel& channel,
                                             OwnDevice& device, AccountStore& store, base::Random& random,
                                             std::int64_t now, base::Log log);

}  // namespace whatsapp
