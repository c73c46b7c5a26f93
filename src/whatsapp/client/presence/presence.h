// Whether we are seen online, whom we watch, and the small signs of somebody writing. An account is
// unavailable unless its settings say otherwise: a device that is available takes the notifications away from
// the phone. It becomes available for a while when something needs it: watching others, showing that we
// write. All of this is true for one connection only, and is made true again after the next login (10 C16).
// Part of Client, see presence(). Spec 08 §12.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/lru_map.h"

namespace whatsapp {

enum class Typing { kText, kVoice };
enum class ChatState { kComposing, kRecording, kPaused };

/// How long somebody takes to write so much: about 60 ms a character, 1 to 15 seconds, never twice the same.
base::Duration typing_time(std::size_t characters, base::Random& random);

class Presence {
 public:
  static constexpr std::size_t kMostSubscriptions = 200;

  explicit Presence(DeskParts& parts);

  // Told by the desk.
  void attached();
  void opened();
  void renamed();
  /// A `<presence>` or `<chatstate>` of somebody else. Neither is ever answered.
  void take(const binary::Node& stanza);

  /// For this connection and those after it. kClosed.
  base::Result<void> set_availability(Availability wish);

  /// Watches a person, now and after every login. While anybody is watched we are available, for only then
  /// does the server tell. kLimit beyond 200, kInvalidArgument for what is no person or group, kClosed.
  runtime::Task<base::Result<void>> subscribe(binary::Jid who);
  base::Result<void> unsubscribe(const binary::Jid& who);

  /// One sign; at most one change per chat in 3 seconds, repeats are dropped. kInvalidArgument for channels
  /// and broadcasts, kClosed.
  base::Result<void> send_chat_state(const binary::Jid& chat, ChatState state);

  /// Shows that we write for so long, and that we stopped. The end comes early, and properly, when the caller
  /// is cancelled (kCancelled) or the connection ends (kClosed).
  runtime::Task<base::Result<void>> simulate_typing(binary::Jid chat, Typing kind, base::Duration duration);

 private:
  class AvailableWhile;
  struct LastState {
    ChatState state = ChatState::kPaused;
    base::Clock::time_point at{};
  };

  [[nodiscard]] Availability needed() const;
  void adjust();
  void announce(Availability availability);
  base::Result<void> write_chat_state(const binary::Jid& chat, ChatState state);
  runtime::Task<base::Result<void>> write_subscription(binary::Jid who);
  runtime::Task<void> subscribe_again();
  void take_presence(const binary::Node& stanza, const binary::Jid& from);
  void take_chat_state(const binary::Node& stanza, const binary::Jid& from);

  DeskParts& parts_;
  Availability wish_;
  std::size_t writing_ = 0;              // simulations under way
  std::set<binary::Jid> subscriptions_;  // bounded by kMostSubscriptions
  LruMap<std::string, LastState> last_states_{256};
  enum class Told { kNothing, kUnavailable, kAvailable } told_ = Told::kNothing;  // on this connection
};

}  // namespace whatsapp
