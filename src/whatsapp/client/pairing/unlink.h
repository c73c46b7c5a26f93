// Unlinking this device by our own wish: the phone's list loses it, and its keys are worth nothing
// afterwards. Spec 01 §20, 03 §12.2.
#pragma once

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/client/self.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

/// How a connection ends that was closed by this.
inline constexpr const char* kLoggedOutByRequest = "logged_out_by_request";

/// Success: the server has removed the device. It may also close the connection instead of answering
/// (kClosed): the end of the connection tells. A refusal or silence is tried three times in all, a minute
/// apart.
runtime::Task<base::Result<void>> unlink_device(runtime::EventLoop& loop, StanzaChannel& channel, Self self,
                                                base::Duration iq_timeout);

}  // namespace whatsapp
