#include "instance_manager/human_sender.h"

#include <utility>
#include <variant>

#include "whatsapp/client/presence/presence.h"
#include "whatsapp/client/sync/chats.h"

namespace worker {

using runtime::Task;
using whatsapp::binary::Jid;

namespace {

/// Characters a person would type; nothing for what is not typed.
std::size_t typed(const whatsapp::message::OutgoingContent& content) {
  if (const auto* text = std::get_if<whatsapp::message::OutgoingText>(&content)) return text->body.size();
  if (const auto* media = std::get_if<whatsapp::message::OutgoingMedia>(&content))
    return media->caption.size();
  return 0;
}

bool is_conversation(const Jid& chat) { return chat.is_pn() || chat.is_lid() || chat.is_group(); }

}  // namespace

Task<base::Result<whatsapp::SendOutcome>> HumanSender::send(whatsapp::OutgoingMessage message,
                                                            whatsapp::SendJournal& journal) {
  const bool any = manners_.typing || manners_.read;
  if (any && is_conversation(message.to)) co_await prepare(message.to, typed(message.content));
  co_return co_await client_.send(std::move(message), journal);
}

Task<void> HumanSender::prepare(Jid chat, std::size_t characters) {
  if (manners_.read) {
    std::vector<whatsapp::ReadMark> all_of_it;
    (void)co_await client_.chats().mark_read(chat, std::move(all_of_it));
  }
  if (!manners_.typing || characters == 0) co_return;
  const auto duration = whatsapp::typing_time(characters, random_);
  (void)co_await client_.presence().simulate_typing(chat, whatsapp::Typing::kText, duration);
}

}  // namespace worker
