// Posts of channels as they come in: not encrypted, in stanzas of their own or several in one notification.
// Spec 05 §4.3; 08 §8.12; 10 Q10.
#pragma once

#include <string>

#include "base/result.h"
#include "whatsapp/client/message_receiver.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/message/content.h"

namespace whatsapp {

/// What a `<message>` of a channel says. An edit or a deletion says which post it is about. kMalformed when
/// there is nothing to read: reactions and counters come in the same form.
base::Result<message::ReadMessage> read_post(const binary::Node& post);

/// An edited post keeps its id: this one tells the versions apart.
std::string post_version(const binary::Node& post, const std::string& id);

/// The server's number of a post, which reactions need.
void remember_post_number(const binary::Jid& channel, const std::string& id, const binary::Node& post,
                          std::int64_t now, store::Changes& changes);

/// `<notification type="newsletter">`: all posts in it.
class ChannelNews final : public NotificationListener {
 public:
  ChannelNews(DeskParts& parts, MessageReceiver& receiver) : parts_(parts), receiver_(receiver) {}
  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

 private:
  DeskParts& parts_;
  MessageReceiver& receiver_;
};

}  // namespace whatsapp
