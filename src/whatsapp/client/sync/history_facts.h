// What the items of a history chunk say, in the account's own words. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "whatsapp/client/client.h"
#include "whatsapp/client/self.h"
#include "whatsapp/client/sync/account_book.h"
#include "whatsapp/media/history_items.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// Without device, old server names replaced; nothing for what is no address.
std::optional<binary::Jid> account_from(const std::string& text);
/// Chats whose history is of no use: status, broadcast lists.
[[nodiscard]] bool is_passing(const binary::Jid& chat);

/// The pair of a number and a LID, if both are what they claim to be.
std::optional<store::LidMapping> pair_from(const std::string& pn, const std::string& lid);
/// What a chat tells about itself and the person in it.
std::optional<store::LidMapping> pair_of(const media::HistoryConversation& chat);
void gather(const media::HistoryConversation& chat, BookUpdates& updates);
void gather(const media::HistoryContact& contact, BookUpdates& updates);
void gather(const media::PushName& name, BookUpdates& updates);

/// As an incoming message; nothing for one without content, or whose author nobody can tell.
std::optional<IncomingMessage> message_from(const media::HistoryMessage& message, const Self& self);

}  // namespace whatsapp
