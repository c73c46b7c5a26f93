// Linking this device by QR code, on a registration connection. The server offers refs; each is shown as a QR
// text for its time; the phone scans one and signs our identity; the server relays that as `pair-success`; we
// check it, store the link in one transaction, and only then sign back. After that the server asks for a new
// connection (515), which logs in (spec 03 §4-§7).
//
// A crash between storing and answering leaves a link that the server does not know: the next login is
// refused as logged out, and the account links again. The other order could lose a link that the phone shows.
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/stanza_channel.h"
#include "whatsapp/pairing/pair_success.h"

namespace whatsapp {

struct PairingSettings {
  base::Duration first_ref{60'000};         // how long the first of six refs is shown
  base::Duration later_ref{20'000};         // and every other
  base::Duration wait_for_refs{30'000};     // from the handshake to `pair-device`
  base::Duration wait_for_restart{10'000};  // from our signature to the server's 515
};

struct PairingDependencies {
  runtime::EventLoop& loop;
  StanzaChannel& channel;
  OwnDevice& device;
  AccountStore& store;
  base::Random& random;
  ClientObserver& observer;
  base::Log log;
  std::function<void(Ended)> end;  // ends the connection; told at most once per reason, the first counts
};

/// One per registration connection.
class PairingFlow {
 public:
  PairingFlow(PairingDependencies dependencies, PairingSettings settings);
  ~PairingFlow();
  PairingFlow(const PairingFlow&) = delete;
  PairingFlow& operator=(const PairingFlow&) = delete;

  /// Every stanza of a registration connection that is not an answer, in order.
  runtime::Task<void> handle(binary::Node stanza);

  /// The connection ends: nothing is shown any more. Says what that end means at this point of the linking.
  [[nodiscard]] Ended conclude(Ended ended);

 private:
  enum class State {
    kWaitingForRefs,
    kOffering,  // a QR text is shown
    kSigning,   // pair-success is in work
    kLinked,    // our signature is written; the server closes next
    kRefused,
  };

  void take_refs(const binary::Node& iq);
  void show_next_ref();
  void show_current_ref();
  void take_notification(const binary::Node& notification);
  runtime::Task<void> finish(binary::Node iq);
  runtime::Task<base::Result<void>> store_link(const pairing::LinkedIdentity& linked,
                                               store::PairedDevice paired);
  runtime::Task<void> unlink_again();
  void refuse(const binary::Node& iq, const pairing::PairRefusal& refusal);
  void answer_empty(const binary::Node& iq);
  [[nodiscard]] Ended refine(Ended ended) const;
  void stop_showing();

  PairingDependencies dependencies_;
  PairingSettings settings_;
  State state_ = State::kWaitingForRefs;
  std::deque<std::string> refs_;  // not shown yet
  std::string shown_ref_;         // drop with its time: it is half of a secret
  runtime::EventLoop::Clock::time_point shown_until_{};
  runtime::EventLoop::TimerId timer_ = 0;
};

}  // namespace whatsapp
