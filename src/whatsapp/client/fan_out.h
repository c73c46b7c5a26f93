// One message, encrypted for many devices. Devices without a session get one: their bundles are fetched
// first, without the session lock; then everything is encrypted under the lock, in one go, and belongs to
// one commit. A device that cannot be served never fails the others. Spec 05 §2.5, §2.8; 04 §13.
#pragma once

#include <map>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/key_bundles.h"
#include "whatsapp/signal/session_cipher.h"

namespace whatsapp {

struct FanOutTarget {
  binary::Jid device;        // as the stanza names it
  signal::Address address;   // where its session is
  base::ByteView plaintext;  // not padded; must outlive the call
};

struct FanOutEntry {
  binary::Jid device;
  signal::CiphertextMessage message;
};

using Bundles = std::map<signal::Address, signal::PreKeyBundle>;

class FanOut {
 public:
  explicit FanOut(DeskParts& parts) : parts_(parts) {}

  /// Bundles of those targets that have no usable session. Devices that the server does not know (any more)
  /// are left out, and their users' device lists dropped. kClosed; other failures of the server only mean
  /// fewer bundles.
  runtime::Task<base::Result<Bundles>> missing_bundles(const std::vector<FanOutTarget>& targets);
  /// Bundles of all of these devices, sessions or not.
  runtime::Task<base::Result<Bundles>> fetch(std::vector<FanOutTarget> targets, BundleReason reason);

  /// Encrypts for each target that has a session or a bundle, into `work.changes`.
  runtime::Task<base::Result<std::vector<FanOutEntry>>> encrypt(const std::vector<FanOutTarget>& targets,
                                                                const Bundles& bundles, SessionWork& work);

 private:
  runtime::Task<base::Result<void>> fetch_slice(const std::vector<FanOutTarget>& slice, BundleReason reason,
                                                Bundles& bundles);
  bool begin_session(const FanOutTarget& target, const Bundles& bundles, store::Changes& changes);

  DeskParts& parts_;
};

/// <to jid=DEVICE><enc v="2" type="msg|pkmsg">…</enc></to>, or the <enc> alone.
binary::Node enc_node(const signal::CiphertextMessage& message);
/// Whether our <device-identity> must go with these.
[[nodiscard]] bool begins_a_session(const std::vector<FanOutEntry>& entries);

}  // namespace whatsapp
