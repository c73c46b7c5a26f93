// Sending to many: groups and the status feed. The message itself is encrypted once, with our sender key;
// those who do not have the key get it beside the message, each through his own session. Who has it is
// written down only after the server's ack. When the server sees other members than we do, everything is
// read anew and the message goes out a second time under the same id, and never a third time.
// Spec 05 §3, §4.1; 10 G1, G3, G6, G10.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/task.h"
#include "whatsapp/client/add_ons/content_writer.h"
#include "whatsapp/client/chat_order.h"
#include "whatsapp/client/fan_out.h"
#include "whatsapp/client/groups/group_directory.h"
#include "whatsapp/client/groups/own_sender_keys.h"
#include "whatsapp/client/groups/status_audience.h"
#include "whatsapp/client/outgoing_message.h"
#include "whatsapp/client/send_verdict.h"

namespace whatsapp {

class GroupSender {
 public:
  GroupSender(DeskParts& parts, GroupDirectory& groups, OwnSenderKeys& keys, StatusAudience& status)
      : parts_(parts),
        groups_(groups),
        keys_(keys),
        status_(status),
        fan_out_(parts),
        chats_(parts.outside.loop) {}

  /// `message.to` is a group or the status feed. Errors as Client::send; kRejected with 403 or 404 when we
  /// are not a member.
  runtime::Task<base::Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal);
  /// Whether these are the bytes of a stanza for a group or the status feed.
  static bool wrote(base::ByteView stanza);
  /// The bytes of an earlier stanza, whose ack never came.
  runtime::Task<base::Result<SendOutcome>> resend(std::string id, base::Bytes stanza);

 private:
  using Freshness = GroupDirectory::Freshness;
  /// To whom, and how they are named.
  struct Recipients {
    binary::Jid chat;
    binary::Jid own;                    // our account in the addressing of the chat
    GroupDirectory::Group group;        // null for the status feed
    std::vector<FanOutTarget> devices;  // all of them but this one
    std::string phash;                  // of a group
    std::vector<binary::Jid> viewers;   // of a status post
    std::string status_setting;         // empty: a group
    [[nodiscard]] ChatAddress address() const;
  };
  struct Written {
    std::unique_ptr<PendingAck> ack;
    base::Bytes stanza;
  };
  struct Prepared {
    OwnSenderKeys::Key key;
    base::Bytes share;  // the key on its way
    std::vector<FanOutTarget> without_key;
  };
  enum class Journaling { kYes, kAlreadyDone };

  runtime::Task<base::Result<Recipients>> recipients_of(const OutgoingMessage& message, Freshness freshness);
  runtime::Task<base::Result<Recipients>> group_members(binary::Jid group, Freshness freshness);
  runtime::Task<base::Result<Recipients>> status_viewers(const OutgoingMessage& message);
  runtime::Task<base::Result<void>> add_devices(std::vector<binary::Jid> accounts, Recipients& out);
  runtime::Task<base::Result<WrittenContent>> content_of(OutgoingMessage message, const Recipients& to);

  runtime::Task<base::Result<Written>> write(const OutgoingMessage& message, const WrittenContent& content,
                                             const Recipients& to, SendJournal& journal,
                                             Journaling journaling);
  runtime::Task<base::Result<Prepared>> prepare(const Recipients& to);
  runtime::Task<base::Result<std::vector<FanOutEntry>>> hand_out(const Prepared& prepared);
  [[nodiscard]] binary::Node stanza_of(const OutgoingMessage& message, const message::StanzaTraits& traits,
                                       const Recipients& to, const std::vector<FanOutEntry>& shares,
                                       base::ByteView ciphertext) const;

  runtime::Task<base::Result<binary::Node>> acked(const std::string& id, Written& written);
  [[nodiscard]] static bool server_disagrees(const binary::Node& ack, const binary::Node& stanza);
  runtime::Task<base::Result<void>> note_answer(const binary::Node& ack, const binary::Node& stanza,
                                                const SendVerdict& verdict);
  runtime::Task<base::Result<void>> note_delivered(const binary::Node& stanza);
  runtime::Task<base::Result<void>> note_disagreement(const binary::Node& ack, const binary::Node& stanza);

  DeskParts& parts_;
  GroupDirectory& groups_;
  OwnSenderKeys& keys_;
  StatusAudience& status_;
  FanOut fan_out_;
  ChatOrder chats_;
};

}  // namespace whatsapp
