// Linking by the eight characters that the user types into the phone, beside the QR on the same registration
// connection; whichever is done first wins. The server learns for which number the code is; the phone answers
// with its key under the code; we hand over ours. From then on the adv secret is the one derived from both,
// and pair-success follows. Spec 03 §8.
//
// The code does not survive its connection. A mistyped code is not noticed here: the phone fails to open our
// answer and says hello again, three times at most.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pairing/code_budget.h"
#include "whatsapp/client/stanza_channel.h"
#include "whatsapp/pairing/pairing_code.h"

namespace whatsapp {

/// What code linking tells; every call on the loop.
struct CodeLinkingEvents {
  std::function<void(const std::string& code, base::Duration valid_for)> show;  // "XXXX-XXXX"
  /// There is no code (any more): "pairing_phone_invalid", "pairing_phone_refused", "pairing_code_limited",
  /// "pairing_code_unavailable", "pairing_code_expired", "pairing_code_attempts".
  std::function<void(const std::string& reason)> none;
  std::function<void()> secret_changed;  // a QR on display must be built anew
  std::function<void()> answered;        // the phone has our answer: pair-success may follow
};

struct CodeLinkingDependencies {
  runtime::EventLoop& loop;
  StanzaChannel& channel;
  OwnDevice& device;
  AccountStore& store;
  base::Random& random;
  CodeBudget& budget;
  base::Log log;
  std::string phone;        // as configured
  std::string device_name;  // of the companion, for the phone's notice
};

struct CodeLinkingSettings {
  base::Duration lifetime{180'000};
  base::Duration retry_after{5'000};     // after a failure that is nobody's fault, once
  base::Duration refresh_every{60'000};  // the server may ask for a new code this often
  base::Duration iq_timeout{30'000};
  int most_hellos = 3;
};

class CodeLinking {
 public:
  CodeLinking(CodeLinkingDependencies dependencies, CodeLinkingEvents events,
              CodeLinkingSettings settings = {});
  ~CodeLinking();
  CodeLinking(const CodeLinking&) = delete;
  CodeLinking& operator=(const CodeLinking&) = delete;

  /// Asks for a code and shows it; to be spawned in the connection's scope once refs were offered.
  runtime::Task<void> request();
  /// <link_code_companion_reg> of a notification, which is acked already; to be spawned likewise.
  runtime::Task<void> take(binary::Node registration);

  /// The phone has our answer: the adv secret belongs to both and must not be changed any more.
  [[nodiscard]] bool answered() const { return primary_.has_value(); }
  /// Who must have signed the pair-success that follows an answered code.
  [[nodiscard]] const std::optional<crypto::PublicKey>& primary() const { return primary_; }
  /// When the code on display ends.
  [[nodiscard]] base::Clock::time_point valid_until() const { return valid_until_; }
  /// Linked, or the connection is over: nothing is shown any more.
  void stop();

 private:
  /// A code in use: what the server calls it, and our half of the agreement.
  struct Code {
    std::string text;
    crypto::KeyPair ephemeral;
    base::Bytes ref;
    int hellos = 0;
  };
  enum class Work { kIdle, kAnswering };

  runtime::Task<base::Result<binary::Node>> say_hello(base::Bytes wrapped_ephemeral);
  void take_refusal(const base::Error& error);
  runtime::Task<void> answer_hello(binary::Node registration);
  runtime::Task<void> refresh(binary::Node registration);
  void lose(std::string reason);

  CodeLinkingDependencies with_;
  CodeLinkingEvents events_;
  CodeLinkingSettings settings_;
  std::string digits_;  // of the phone; empty: it is no number
  std::optional<Code> code_;
  std::optional<crypto::PublicKey> primary_;
  base::Clock::time_point valid_until_{};
  std::optional<base::Clock::time_point> last_refresh_;
  runtime::EventLoop::TimerId expiry_ = 0;
  Work work_ = Work::kIdle;
  bool stopped_ = false;
};

}  // namespace whatsapp
