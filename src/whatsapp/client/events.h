// What happens around an account besides messages: delivery states, groups, presence, calls, contacts,
// chats. Facts that must not be lost are staged with the transaction that they belong to
// (MessageSink::stage_event); what is only true for a moment is told (MessageSink::tell). JIDs are without
// device unless said otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "whatsapp/binary/jid.h"

namespace whatsapp {

using UnixSeconds = std::int64_t;

/// How far messages of ours have come. `by` is a device JID of the recipient for kDelivered.
struct MessageStatus {
  enum class State { kServerAck, kDelivered, kRead, kPlayed, kError };
  binary::Jid chat{};
  std::vector<std::string> ids{};
  State state = State::kServerAck;
  std::optional<binary::Jid> by{};
  UnixSeconds at = 0;
  int error_code = 0;  // with kError: the server's
};

struct GroupChange {
  binary::Jid group{};
  std::optional<binary::Jid> actor{};
  std::string change{};  // the notification's word: add, remove, promote, subject, announcement, …
  std::vector<binary::Jid> participants{};
  std::string text{};  // new subject, description, link
  UnixSeconds at = 0;
};

struct PresenceChange {
  enum class State { kAvailable, kUnavailable, kComposing, kRecording, kPaused };
  binary::Jid chat{};
  binary::Jid who{};
  State state = State::kAvailable;
  std::optional<UnixSeconds> last_seen{};
};

struct CallChange {
  enum class State { kOffered, kAccepted, kRejected, kTerminated, kMissed };
  std::string id{};
  binary::Jid from{};
  std::optional<binary::Jid> group{};
  State state = State::kOffered;
  enum class Kind { kAudio, kVideo } kind = Kind::kAudio;
  UnixSeconds at = 0;
};

/// Only what is set has changed.
struct ContactChange {
  binary::Jid jid{};
  std::optional<binary::Jid> pn{}, lid{};
  std::optional<std::string> full_name{}, first_name{}, push_name{}, about{};
  enum class Picture { kSame, kSet, kRemoved } picture = Picture::kSame;
  enum class Identity { kSame, kNew } identity = Identity::kSame;  // registered anew: other keys
  UnixSeconds at = 0;
};

/// What our account did to a chat on another device.
struct ChatChange {
  binary::Jid chat{};
  std::optional<bool> archived{}, pinned{}, read{};
  std::optional<UnixSeconds> muted_until{};  // 0: not muted; -1: for ever
  enum class Removal { kNone, kCleared, kDeleted } removal = Removal::kNone;
  UnixSeconds at = 0;
};

/// About our own account: push_name, picture, privacy, blocklist, reachout_timelock, …
struct AccountChange {
  std::string what{};
  std::string value{};
  std::vector<binary::Jid> jids{};
  std::optional<UnixSeconds> until{};
  UnixSeconds at = 0;
};

using ClientEvent = std::variant<MessageStatus, GroupChange, PresenceChange, CallChange, ContactChange,
                                 ChatChange, AccountChange>;

}  // namespace whatsapp
