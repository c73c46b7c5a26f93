// How a session begins (X3DH). The initiator mixes its identity and a fresh base key with the bundle of the
// other device; the responder does the same from the first message. Spec 04 §5.
#pragma once

#include "base/random.h"
#include "base/result.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/session_record.h"
#include "whatsapp/signal/session_state.h"
#include "whatsapp/signal/wire_message.h"

namespace whatsapp::signal {

/// Begins a session from a bundle and makes it current; an older current state is archived. On failure the
/// record is as before: kCrypto if the bundle's signature is wrong or one of its keys has low order.
/// The caller stores `bundle.identity` for the address in the same transaction (and tells of the change,
/// if another one was stored).
/// Draws: the base key (32 bytes), then the first ratchet key (32 bytes).
base::Result<void> start_session(SessionRecord& record, const PreKeyBundle& bundle,
                                 const LocalIdentity& local, base::Random& random);

/// The responder's state before the first message has turned the ratchet. kCrypto for keys of low order.
base::Result<SessionState> respond_to_session(const PreKeySignalMessage& first, const LocalIdentity& local,
                                              const SignedPreKey& signed_pre_key, const PreKey* pre_key);

}  // namespace whatsapp::signal
