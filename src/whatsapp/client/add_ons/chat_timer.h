// After how long the messages of a chat disappear. Learned from what comes in (the setting itself, and the
// context of every message of such a chat) and put on everything that we send there: a message without it
// would stay for ever on the other side. Kept as a record per chat (spec 05 §5.3, §5.9).
//
//   chat_expiration   chat, without device, the LID if known   seconds u32 || set at, Unix seconds u64,
//   big-endian
#pragma once

#include <cstdint>

#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

struct ChatTimer {
  std::uint32_t seconds = 0;  // 0: messages stay
  std::int64_t set_at = 0;    // Unix seconds; 0: unknown
};

runtime::Task<base::Result<ChatTimer>> chat_timer(DeskParts& parts, binary::Jid chat);

/// Keeps what is news. An older setting never replaces a newer one. Under the session lock, whose holder
/// commits.
runtime::Task<base::Result<void>> learn_chat_timer(DeskParts& parts, binary::Jid chat, ChatTimer timer,
                                                   store::Changes& changes);

}  // namespace whatsapp
