// The part of linking that WhatsApp may put in between: the account's passkey has to sign first. We cannot;
// we carry the challenge to whoever can and the assertion back, agree with the phone on a key, show the code
// by which a person can see that nobody is in between, and send our keys to the phone. pair-success follows,
// under the adv secret made here. Spec 03 §9.
//
// Nothing here waits for ever: who is asked and does not answer in time ends the attempt, with its reason.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/passkey_news.h"
#include "whatsapp/client/stanza_channel.h"
#include "whatsapp/pairing/passkey.h"

namespace whatsapp {

struct PasskeyLinkingDependencies {
  runtime::EventLoop& loop;
  StanzaChannel& channel;
  OwnDevice& device;
  base::Random& random;
  base::Log log;
  std::function<void(const PasskeyNews&)> tell;
  /// "passkey_timeout", "passkey_failed"; the attempt is over.
  std::function<void(const std::string& reason, const std::string& message)> fail;
};

struct PasskeyLinkingSettings {
  base::Duration longest_wait{600'000};  // for the assertion, whatever the challenge says
  base::Duration confirmation{120'000};  // for the person who compares the codes, and for the phone
  base::Duration handoff_life{300'000};  // a proof is given only within this of the scan
  base::Duration iq_timeout{30'000};
};

class PasskeyLinking {
 public:
  PasskeyLinking(PasskeyLinkingDependencies dependencies, PasskeyLinkingSettings settings = {});
  PasskeyLinking(const PasskeyLinking&) = delete;
  PasskeyLinking& operator=(const PasskeyLinking&) = delete;

  /// From the server's request to our keys on their way, or to fail(). To be spawned in the connection's
  /// scope; a second request while one is at work is ignored.
  runtime::Task<void> run(binary::Node request);
  /// The phone's part: a notification of type "crsc_continuation", acked already.
  void take_continuation(const binary::Node& notification);

  /// What WebAuthn gave for the challenge, as JSON. kConflict: nobody waits for one. kInvalidArgument.
  base::Result<void> give_assertion(const std::string& json);
  /// The codes are the same. kConflict: nobody waits for that.
  base::Result<void> confirm();

  [[nodiscard]] bool at_work() const { return at_work_; }

 private:
  struct Assertion {
    std::string json;
    base::Bytes credential_id;
  };

  runtime::Task<base::Result<void>> link(binary::Node request);
  runtime::Task<base::Result<std::string>> challenge_of(binary::Node request);
  runtime::Task<base::Result<std::string>> ask_ref();
  runtime::Task<base::Result<void>> send_prologue(Assertion assertion);
  runtime::Task<base::Result<pairing::PasskeyAgreement>> agree();
  runtime::Task<base::Result<void>> send_keys(pairing::PasskeyAgreement agreement);
  runtime::Task<base::Result<binary::Node>> ask(const char* type, binary::Node child);

  PasskeyLinkingDependencies with_;
  PasskeyLinkingSettings settings_;
  runtime::OneShot<Assertion> assertion_;
  runtime::OneShot<pairing::PrimaryEphemeral> continuation_;
  runtime::OneShot<runtime::Done> confirmation_;
  enum class Awaited { kNothing, kAssertion, kConfirmation } awaited_ = Awaited::kNothing;
  base::Secret<32> handoff_;
  base::Clock::time_point asked_at_{};
  std::optional<pairing::PasskeyPrologue> prologue_;
  bool proof_given_ = false;
  bool at_work_ = false;
};

}  // namespace whatsapp
