// What only our own devices say to each other inside messages: keys of the app state, history, answers of the
// phone. Parts of the account listen for what is their business; whether the sender is one of our own devices
// has been checked before (10 V1).
#pragma once

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/message/content.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

class SelfNoticeListener {
 public:
  virtual ~SelfNoticeListener() = default;
  /// What it changes in the store, committed together with the message that brought it. Under the session
  /// lock: no network here. An error is a failure of the store.
  virtual runtime::Task<base::Result<void>> take(const message::SelfNotice& notice,
                                                 const MessageSource& source, store::Changes& changes) = 0;
  /// After the commit. Work that asks the server is spawned in the connection's scope.
  virtual void committed(const message::SelfNotice& /*notice*/, const MessageSource& /*source*/) {}
};

}  // namespace whatsapp
