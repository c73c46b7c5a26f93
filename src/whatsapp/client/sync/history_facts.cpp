#include "whatsapp/client/sync/history_facts.h"

#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/lid_map.h"
#include "whatsapp/client/push_name.h"
#include "whatsapp/message/content.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp {

using binary::Jid;
using message::to_valid_utf8;

std::optional<Jid> account_from(const std::string& text) {
  const auto jid = Jid::parse(text);
  if (!jid || jid->user().empty()) return std::nullopt;
  return jid->normalized().account();
}

bool is_passing(const Jid& chat) { return chat.is_status() || chat.is_broadcast_list(); }

std::optional<store::LidMapping> pair_from(const std::string& pn, const std::string& lid) {
  const auto a = account_from(pn);
  const auto b = account_from(lid);
  if (!a || !b || !a->is_pn() || !b->is_lid()) return std::nullopt;
  return pair_of(*a, *b);
}

std::optional<store::LidMapping> pair_of(const media::HistoryConversation& chat) {
  const auto jid = account_from(chat.id);
  if (!jid) return std::nullopt;
  if (jid->is_pn()) return pair_from(chat.id, chat.lid);
  if (jid->is_lid()) return pair_from(chat.pn.empty() ? chat.likely_pn : chat.pn, chat.id);
  return std::nullopt;
}

void gather(const media::HistoryConversation& chat, BookUpdates& updates) {
  const auto jid = account_from(chat.id);
  if (!jid || is_passing(*jid)) return;
  ChatFacts facts;
  facts.archived = chat.archived;
  facts.pinned = chat.pinned_at != 0;
  facts.muted_until = chat.muted_until;
  facts.marked_unread = chat.marked_unread;
  if (chat.ephemeral_set_at != 0 || chat.ephemeral_seconds != 0) {
    facts.ephemeral_seconds = chat.ephemeral_seconds;
    facts.ephemeral_set_at = chat.ephemeral_set_at;
  }
  const std::string name = to_valid_utf8(chat.name.empty() ? chat.display_name : chat.name);
  if (!name.empty()) facts.name = name;
  if (chat.last_message_at != 0) facts.last_message_at = chat.last_message_at;
  if (chat.oldest) {
    using Author = ChatFacts::OldestMessage::Author;
    facts.oldest = ChatFacts::OldestMessage{
        chat.oldest->id, chat.oldest->from_me ? Author::kMe : Author::kThem, chat.oldest->timestamp};
  }
  if (chat.transfer) facts.all_history_told = *chat.transfer == media::EndOfTransfer::kComplete;
  updates.chats.push_back({*jid, std::move(facts), FactsOrigin::kHistory});

  if (!jid->is_pn() && !jid->is_lid()) return;
  ContactFacts contact;
  if (!name.empty()) contact.full_name = name;
  if (!chat.username.empty()) contact.username = to_valid_utf8(chat.username);
  if (contact.full_name || contact.username)
    updates.contacts.push_back({*jid, std::move(contact), FactsOrigin::kHistory});
}

void gather(const media::HistoryContact& contact, BookUpdates& updates) {
  const auto jid = account_from(contact.lid.empty() ? contact.pn : contact.lid);
  if (!jid) return;
  ContactFacts facts;
  if (!contact.full_name.empty()) facts.full_name = to_valid_utf8(contact.full_name);
  if (!contact.first_name.empty()) facts.first_name = to_valid_utf8(contact.first_name);
  if (!contact.username.empty()) facts.username = to_valid_utf8(contact.username);
  updates.contacts.push_back({*jid, std::move(facts), FactsOrigin::kHistory});
}

void gather(const media::PushName& name, BookUpdates& updates) {
  const auto jid = account_from(name.user);
  const std::string usable = usable_push_name(name.name);
  if (jid && !usable.empty())
    updates.contacts.push_back({*jid, {.push_name = usable}, FactsOrigin::kHistory});
}

std::optional<IncomingMessage> message_from(const media::HistoryMessage& message, const Self& self) {
  const auto chat = account_from(message.chat);
  if (!chat || is_passing(*chat) || !message.content) return std::nullopt;
  IncomingMessage out;
  out.chat = *chat;
  if (message.from_me) {
    out.direction = IncomingMessage::Direction::kFromMe;
    out.sender = (chat->is_lid() && !self.lid.user().empty() ? self.lid : self.pn).account();
  } else if (chat->is_pn() || chat->is_lid()) {
    out.sender = *chat;
  } else if (const auto author = account_from(message.participant)) {
    out.sender = *author;
  } else {
    return std::nullopt;
  }
  if (out.sender.is_pn()) out.sender_pn = out.sender;
  if (out.sender.is_lid()) out.sender_lid = out.sender;
  const auto read = message::read_message(*message.content);
  if (!read || read->content.kind == message::Kind::kNone) return std::nullopt;
  out.id = message.id;
  out.timestamp = message.timestamp;
  out.push_name = usable_push_name(message.push_name);
  out.content = read->content;
  return out;
}

}  // namespace whatsapp
