#include "whatsapp/client/add_ons/chat_timer.h"

#include "whatsapp/client/sync/account_book.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using runtime::Task;

Task<Result<ChatTimer>> chat_timer(DeskParts& parts, Jid chat) {
  AccountBook book(parts.outside.store);
  WA_CO_TRY(const ChatFacts facts, co_await book.chat(std::move(chat)));
  co_return ChatTimer{facts.ephemeral_seconds.value_or(0), facts.ephemeral_set_at.value_or(0)};
}

Task<Result<void>> learn_chat_timer(DeskParts& parts, Jid chat, ChatTimer timer, store::Changes& changes) {
  WA_CO_TRY(const ChatTimer known, co_await chat_timer(parts, chat));
  const bool same = known.seconds == timer.seconds && (timer.set_at == 0 || known.set_at == timer.set_at);
  const bool older = timer.set_at != 0 && timer.set_at < known.set_at;
  if (same || older) co_return Result<void>{};
  ChatUpdate update{.chat = std::move(chat)};
  update.facts.ephemeral_seconds = timer.seconds;
  update.facts.ephemeral_set_at = timer.set_at != 0 ? timer.set_at : parts.connection.unix_seconds();
  BookUpdates updates;
  updates.chats.push_back(std::move(update));
  AccountBook book(parts.outside.store);
  co_return co_await book.update(std::move(updates), changes);
}

}  // namespace whatsapp
