// Who listens to notifications. See notifications.h.
#pragma once

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// A part of the account that wants notifications of some type. Several may listen to one type.
class NotificationListener {
 public:
  virtual ~NotificationListener() = default;
  /// What it changes in the store, committed with everything else before the ack. Under the session lock: no
  /// network here. An error is a failure of the store; what the peer sent wrong is logged and ignored.
  virtual runtime::Task<base::Result<void>> take(const binary::Node& notification,
                                                 store::Changes& changes) = 0;
  /// After the commit. Work that asks the server is spawned in the connection's scope.
  virtual void committed(const binary::Node& /*notification*/) {}
};

}  // namespace whatsapp
