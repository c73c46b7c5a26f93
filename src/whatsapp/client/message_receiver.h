// The way of an incoming message: where is it from → is there room → open it → one commit of everything it
// changed together with what the application keeps → answer. A message that could not be read is asked for
// again. Spec 05 §7; 10 Q1, Q2, Q8, S1.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/encrypted_payloads.h"
#include "whatsapp/client/message_opener.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/client/retry_requester.h"
#include "whatsapp/client/self_notices.h"
#include "whatsapp/client/stanza_answer.h"

namespace whatsapp {

class MessageReceiver {
 public:
  MessageReceiver(DeskParts& parts, RetryRequester& retries) : parts_(parts), retries_(retries) {}

  /// `listener` outlives this. Before the first connection.
  void listen(SelfNoticeListener& listener) { listeners_.push_back(&listener); }

  /// Takes in one `<message>` and answers it. While the sink has no room it waits here, so that nothing
  /// overtakes the message that is held back.
  runtime::Task<void> take(const binary::Node& stanza);
  /// The sink may have room again.
  void resume();

 private:
  struct Intake {
    const binary::Node& stanza;
    const MessageSource& source;
    std::vector<EncryptedPayload> payloads;
    SenderState sender;
    enum class Known { kNew, kSeen } known = Known::kNew;
    std::string counter_key;
    std::uint32_t asked = 0;  // retry requests we have sent for it
  };
  struct SeenKeys;
  struct Rows;

  bool answer_unopened(const binary::Node& stanza, const MessageSource& source, StanzaAnswer& answer);
  runtime::Task<base::Result<void>> wait_for_room();
  runtime::Task<base::Result<void>> take_in(Intake& intake, StanzaAnswer& answer);
  runtime::Task<base::Result<void>> load(Intake& intake, SessionWork& work);
  void adopt(Rows rows, Intake& intake, SessionWork& work);
  runtime::Task<base::Result<void>> conclude_read(Intake& intake, const Opened& opened, SessionWork work,
                                                  StanzaAnswer& answer);
  runtime::Task<base::Result<void>> conclude_failed(Intake& intake, const Opened& opened, SessionWork work,
                                                    StanzaAnswer& answer);
  runtime::Task<base::Result<void>> conclude_refused(Intake& intake, SessionWork work, StanzaAnswer& answer);
  void answer_read(const Intake& intake, StanzaAnswer& answer);

  [[nodiscard]] bool believable(const message::ReadMessage& read, const MessageSource& source) const;
  runtime::Task<base::Result<void>> obey(const message::SelfNotice& notice, const MessageSource& source,
                                         store::Changes& changes);
  runtime::Task<base::Result<std::optional<IncomingMessage>>> event_of(const Intake& intake,
                                                                       const Opened& opened);
  [[nodiscard]] binary::Jid target_author_of(const IncomingMessage& event) const;
  runtime::Task<base::Result<void>> remember(const Opened& opened, const IncomingMessage& event,
                                             store::Changes& changes);
  void mark_seen(const Intake& intake, store::Changes& changes) const;

  DeskParts& parts_;
  RetryRequester& retries_;
  std::vector<SelfNoticeListener*> listeners_;
  runtime::OneShot<runtime::Done>* waiting_for_room_ = nullptr;
};

}  // namespace whatsapp
