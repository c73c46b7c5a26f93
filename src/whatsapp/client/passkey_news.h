// What a client tells while WhatsApp wants the account's passkey for linking.
#pragma once

#include <string>

#include "base/clock.h"

namespace whatsapp {

/// Whether anybody can answer.
enum class PasskeyAnswers { kCarried, kNobody };

struct PasskeyNews {
  enum class Step {
    kAssertionWanted,  // `challenge` is for navigator.credentials.get(); answer with Client::answer_passkey
    kConfirmationWanted,  // the phone shows `code` too; Client::confirm_passkey if a person sees the same
    kSent,                // our keys are on their way to the phone
  } step = Step::kAssertionWanted;
  std::string challenge;  // PublicKeyCredentialRequestOptions as JSON
  std::string code;       // "XXXX-XXXX"
  base::Duration valid_for{0};
};

}  // namespace whatsapp
