// How a connection ended, in the words in which its owner decides what to do next. The tables that turn the
// server's stanzas into these words are in stream_end.h.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace whatsapp {

/// What the protocol asks for after a connection ended (spec 01, reaction words).
enum class Reaction {
  kRetry,        // reconnect with backoff
  kRetryNow,     // reconnect at once
  kRetrySlow,    // reconnect, starting at the 60 s level; a few times, then it needs a person
  kStop,         // do not reconnect by itself; the reason needs a person (replaced, banned, …)
  kWipe,         // the device is no longer linked: put the auth state aside, link again
  kConfirm,      // reconnect once at once and let the login's answer decide
  kQrExhausted,  // nobody scanned: new refs after a backoff
};

/// Why a connection ended. The reasons of our own making, beside the server's in stream_end.h:
///   stopped                                                              we were told to (kStop)
///   connect_failed upgrade_refused handshake_failed no_first_stanza      it did not come about
///   connection_lost stream_end bad_frame send_failed keepalive_timeout overloaded renewal   it broke
///   login_timeout store_failed                                           the login, or our disk
///   no_refs qr_exhausted pairing_refused pairing_code_unconfirmed        linking
///   passkey_timeout passkey_failed passkey_unsupported                   linking, with a passkey in between
///   logged_out_by_request                                                we unlinked the device ourselves
struct Ended {
  Reaction reaction = Reaction::kRetry;
  std::string reason;   // stable word: "logged_out", "device_removed", "restart_required", "replaced", …
  int code = 0;         // the server's number (401, 515, …), 0 if none
  std::string message;  // a sentence for the operator
  std::optional<base::Clock::wall_time> not_before;  // e.g. a temporary ban's end
  enum class Reached { kNothing, kPairing, kPaired, kOpen } reached = Reached::kNothing;
};

}  // namespace whatsapp
