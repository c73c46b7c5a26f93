// What is stored per address: the session state in use and up to 40 older ones, newest first. Older ones
// are kept because messages made with them may still arrive, and because two devices that write to each
// other at the same moment end up with two states each. Spec 04 §8.1, §8.3, §11.4.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/signal/secret_buffer.h"
#include "whatsapp/signal/session_state.h"

namespace whatsapp::signal {

inline constexpr std::size_t kMaxArchivedStates = 40;

/// A value: copy it to try something, store it when it worked. Archived states stay encoded until needed;
/// one that cannot be decoded reads as absent and costs nobody else anything.
class SessionRecord {
 public:
  SessionRecord() = default;
  /// For imports. `archived` newest first; what exceeds the limit is dropped.
  SessionRecord(std::optional<SessionState> current, const std::vector<SessionState>& archived);

  /// kCorrupt unless every key of the current state has its length and its form.
  static base::Result<SessionRecord> parse(base::ByteView bytes);
  [[nodiscard]] base::Bytes serialize() const;

  /// Neither a current nor an archived state: the same as no session.
  [[nodiscard]] bool empty() const { return !current_ && archived_.empty(); }
  [[nodiscard]] const SessionState* current() const { return current_ ? &*current_ : nullptr; }
  [[nodiscard]] SessionState* mutable_current() { return current_ ? &*current_ : nullptr; }
  [[nodiscard]] std::size_t archived_count() const { return archived_.size(); }
  [[nodiscard]] std::optional<SessionState> archived(std::size_t position) const;

  /// May we encrypt with the current state? Not when there is none, and not when the address has another
  /// identity by now: then a bundle is fetched first.
  [[nodiscard]] bool can_encrypt(const std::optional<crypto::PublicKey>& stored_identity) const;
  /// Names the current state. If a peer asks for a third retry and this is still what it was at the
  /// second, the session was never renewed and must be thrown away.
  [[nodiscard]] std::optional<crypto::PublicKey> base_key() const;
  /// Of the current state; 0 if unknown.
  [[nodiscard]] std::uint32_t remote_registration_id() const;

  /// Makes `state` current; what was current is archived.
  void install(SessionState state);
  /// Puts the current state away without a new one: the next message fetches a bundle.
  void archive_current();
  void replace_archived(std::size_t position, const SessionState& state);
  /// Makes the archived state at `position` current, with the content of `state`.
  void promote(std::size_t position, SessionState state);

  /// Takes in the sessions of the same device under another address (its phone number, once its LID is
  /// known). Our current state stays current if there is one; theirs are appended to the archive, except
  /// those we have already.
  void absorb(const SessionRecord& other);

 private:
  void archive_back(SessionState state);
  [[nodiscard]] bool has_state(const crypto::PublicKey& base_key) const;

  std::optional<SessionState> current_;
  std::vector<SecretBuffer> archived_;  // encoded SessionStructure, newest first
};

}  // namespace whatsapp::signal
