// Calls: we take none, but the application hears of them, and they can be turned down. Every `<call>` is
// acked; nothing that would let the caller's phone ring longer is sent. Part of Client, see calls().
// Spec 08 §15.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/lru_map.h"

namespace whatsapp {

class Calls {
 public:
  explicit Calls(DeskParts& parts) : parts_(parts) {}

  /// One `<call>`: told once per call and state (10 V7), acked when that is durable.
  runtime::Task<void> take(const binary::Node& stanza);

  /// Turns a call down. `from`: the caller in the form in which he called. kClosed, kInvalidArgument.
  base::Result<void> reject(const std::string& call_id, const binary::Jid& from);

 private:
  /// What is remembered of a call.
  struct Course {
    enum class State { kRinging, kAnswered, kOver } state = State::kRinging;
    CallChange::Kind kind = CallChange::Kind::kAudio;
    binary::Jid wire_caller;  // as he called
  };
  struct Sign {
    CallChange change;
    binary::Jid wire_caller;
    std::vector<store::LidMapping> pairs;
  };

  [[nodiscard]] std::optional<Sign> read(const binary::Node& stanza) const;
  /// Nothing to tell: we know it.
  bool follow(const binary::Node& event, Sign& sign);
  runtime::Task<base::Result<void>> take_in(const binary::Node& stanza);
  [[nodiscard]] bool to_be_rejected(const CallChange& change) const;

  DeskParts& parts_;
  LruMap<std::string, Course> courses_{64};  // by call id
};

}  // namespace whatsapp
