// What a linked device does after `<success>`, in the order that matters: remember what the server said,
// see that it has pre-keys of ours, say that we are active (only then does it deliver the offline queue),
// and report that the account is open. The rest is polite and goes on in the background (spec 01 §13, §17).
#pragma once

#include <functional>
#include <optional>

#include "base/log.h"
#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/ended.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pre_key_keeper.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

struct LoginDependencies {
  runtime::EventLoop& loop;
  StanzaChannel& channel;
  OwnDevice& device;
  AccountStore& store;
  PreKeyKeeper& pre_keys;
  base::Random& random;
  base::Log log;
};

/// Takes over what `<success>` says about us: the own LID if it is new, a display name if we have none, one
/// more login. In memory at once; the caller commits the changes before the account is called open.
store::Changes take_success(const binary::Node& success, OwnDevice& device);

/// From `<success>` to open. Nothing when the account is open; otherwise why the connection has to end, with
/// an empty reason if it is ending already. `changes` come from take_success().
runtime::Task<std::optional<Ended>> become_active(LoginDependencies dependencies, store::Changes changes,
                                                  base::Duration iq_timeout);

/// After the account is open: the server's properties, the daily check of our keys. Nothing here can end the
/// connection.
runtime::Task<void> settle_in(LoginDependencies dependencies, base::Duration iq_timeout);

}  // namespace whatsapp
