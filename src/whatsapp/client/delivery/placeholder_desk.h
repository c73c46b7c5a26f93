// Messages that we could not read, or that were withheld from this device, asked from our own phone: it has
// them all. The phone is asked only when the sender has not helped within five seconds, once per message,
// many messages in one request, and not while the server still delivers what waited. Its answer is taken in
// like a message that arrived; an answer nobody asked for is ignored. What is wanted survives a restart. Spec
// 05 §7.8, §10.3; 10 R8, R9, V1.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/client/peer_messenger.h"
#include "whatsapp/client/self_notices.h"

namespace whatsapp {

/// Who takes in a message that came another way than it should have.
class RecoveredMessages {
 public:
  virtual ~RecoveredMessages() = default;
  /// `stanza` is the one that could not be read, without its content; `message` a serialised Message. Under
  /// the session lock. Does nothing if the message was seen meanwhile.
  virtual runtime::Task<base::Result<void>> take_recovered(const binary::Node& stanza, base::Bytes message,
                                                           store::Changes& changes) = 0;
};

class PlaceholderDesk final : public SelfNoticeListener {
 public:
  static constexpr base::Duration kPatience{5'000};  // for the sender's own answer to our retry request
  static constexpr std::size_t kMostWanted = 256;
  static constexpr std::size_t kKeysPerRequest = 32;

  explicit PlaceholderDesk(DeskParts& parts) : parts_(parts), peers_(parts) {}
  /// Before the first connection; `messages` outlives this.
  void deliver_to(RecoveredMessages& messages) { messages_ = &messages; }

  /// A message could not be had. Under the session lock; goes into `changes`, once per id.
  runtime::Task<base::Result<void>> want(const binary::Node& stanza, const MessageSource& source,
                                         store::Changes& changes);
  [[nodiscard]] bool wants(const std::string& id) const { return wanted_.contains(id); }
  /// It came after all.
  void has_come(const std::string& id, store::Changes& changes);

  void offline_delivery_begins();
  void offline_delivery_ended();

  runtime::Task<base::Result<void>> take(const message::SelfNotice& notice, const MessageSource& source,
                                         store::Changes& changes) override;
  void committed(const message::SelfNotice& notice, const MessageSource& source) override;

 private:
  struct Entry;  // a record of what is wanted
  using Due = std::map<std::string, base::Clock::time_point>;

  [[nodiscard]] bool worth_asking(const binary::Node& stanza, const MessageSource& source) const;
  void begin_asking();
  runtime::Task<void> load_wanted();
  runtime::Task<void> ask_when_due();
  runtime::Task<base::Result<void>> ask(std::vector<std::string> ids);
  runtime::Task<base::Result<std::vector<std::pair<std::string, Entry>>>> entries_of(
      std::vector<std::string> ids);
  runtime::Task<base::Result<void>> take_result(base::Bytes web_message, store::Changes& changes);

  DeskParts& parts_;
  PeerMessenger peers_;
  RecoveredMessages* messages_ = nullptr;
  Due wanted_;  // by id
  enum class Asking { kNot, kUnderWay } asking_ = Asking::kNot;
  bool offline_delivery_ = true;
  std::vector<std::string> recovered_;  // by the notice that is being committed
};

}  // namespace whatsapp
