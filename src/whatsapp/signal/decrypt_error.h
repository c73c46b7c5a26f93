// Why an encrypted payload could not be read, and which reason code the retry receipt gives the sender.
#pragma once

#include <optional>
#include <string_view>

namespace whatsapp::signal {

enum class DecryptError {
  kNoSession,         // a `msg` from an address without any session
  kNoSenderKey,       // the sender's group key, or this old part of its chain, was never ours
  kInvalidKeyId,      // a pre-key we do not have (any more)
  kInvalidKey,        // a public key of low order
  kInvalidMessage,    // bytes that do not follow their format
  kInvalidSignature,  // a group message not signed by its sender key
  kTooFarAhead,       // more messages skipped than we derive keys for
  kBadMac,            // no session of this address made it
  kInvalidSession,    // our own stored record is unreadable
  kDuplicate,         // its key was used already: no failure, no retry
};

std::string_view to_string(DecryptError error);

/// The `error` attribute of <retry>; nothing for a duplicate, which is not asked for again.
std::optional<int> retry_reason_code(DecryptError error);

}  // namespace whatsapp::signal
