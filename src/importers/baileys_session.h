// session-ADDRESS.json: what libsignal-node remembers of a conversation with one device, and the same as a
// session record of ours. The states, open or closed, are the same thing in another spelling; the counters
// there are those of the last message, ours those of the next. Spec 09 §6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/session_record.h"

namespace importers {

struct BaileysSession {
  std::optional<whatsapp::signal::SessionState> open;
  std::vector<whatsapp::signal::SessionState> closed;  // the one used last first
  std::size_t unusable_states = 0;                     // left out: a key has the wrong length, for example

  [[nodiscard]] bool empty() const { return !open && closed.empty(); }
  /// The identity that the newest state was made with.
  [[nodiscard]] std::optional<crypto::PublicKey> remote_identity() const;
  /// `identity`, if given, is the one known for the address: states of another one are kept for reading only.
  [[nodiscard]] whatsapp::signal::SessionRecord to_record(
      const std::optional<crypto::PublicKey>& identity) const;
};

/// kMalformed, kLimit when the text is no session at all. A state that does not hold together is left out.
base::Result<BaileysSession> read_session(std::string_view text,
                                          const whatsapp::signal::LocalIdentity& local);

/// The way back. `now_ms` stamps the states, newest first.
std::string write_session(const whatsapp::signal::SessionRecord& record, std::int64_t now_ms);

}  // namespace importers
