// Linking this device, on a registration connection: by QR code, and beside it by a code that the user types
// (pairing/code_linking.h), with the account's passkey in between if WhatsApp wants it
// (pairing/passkey_linking.h). The server offers refs; each is shown as a QR
// text for its time; the phone scans one and signs our identity; the server relays that as `pair-success`; we
// check it, store the link in one transaction, and only then sign back. After that the server asks for a new
// connection (515), which logs in (spec 03 §4-§7).
//
// A crash between storing and answering leaves a link that the server does not know: the next login is
// refused as logged out, and the account links again. The other order could lose a link that the phone shows.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pairing/code_linking.h"
#include "whatsapp/client/pairing/passkey_linking.h"
#include "whatsapp/client/stanza_channel.h"
#include "whatsapp/pairing/pair_success.h"

namespace whatsapp {

struct PairingSettings {
  base::Duration first_ref{60'000};         // how long the first of six refs is shown
  base::Duration later_ref{20'000};         // and every other
  base::Duration wait_for_refs{30'000};     // from the handshake to `pair-device`
  base::Duration wait_for_restart{10'000};  // from our signature to the server's 515
  base::Duration wait_for_success{60'000};  // from our answer to a typed code to pair-success
  std::string phone;                        // also offer a code for this number; empty: QR only
  std::string device_name = "Windows";
  PasskeyAnswers passkey = PasskeyAnswers::kCarried;
};

struct PairingDependencies {
  runtime::EventLoop& loop;
  StanzaChannel& channel;
  OwnDevice& device;
  AccountStore& store;
  base::Random& random;
  ClientObserver& observer;
  base::Log log;
  runtime::TaskScope& scope;       // of the connection
  CodeBudget& code_budget;         // of the account
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

  /// For the passkey's owner, see passkey_linking.h. kConflict when nobody waits for that.
  base::Result<void> answer_passkey(const std::string& assertion);
  base::Result<void> confirm_passkey();

 private:
  enum class State {
    kWaitingForRefs,
    kOffering,  // a QR text is shown, perhaps a code as well
    kProving,   // a code was typed or the passkey is at work: pair-success is what we wait for
    kSigning,   // pair-success is in work
    kLinked,    // our signature is written; the server closes next
    kRefused,
  };

  void take_refs(const binary::Node& iq);
  void show_next_ref();
  void show_current_ref();
  void take_notification(const binary::Node& notification);
  void offer_code();
  void code_answered();
  void ask_for_passkey(const binary::Node& notification);
  [[nodiscard]] bool is_expected_number(const binary::Jid& own) const;
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
  std::unique_ptr<CodeLinking> code_;        // once a code was asked for
  std::unique_ptr<PasskeyLinking> passkey_;  // once the passkey was asked for
};

}  // namespace whatsapp
