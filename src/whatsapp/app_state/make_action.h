// Mutations for what the account's owner does through us. Actions that exclude each other come together: an
// archived chat is not pinned, a pinned one not archived, a locked one neither. All mutations of one call
// belong to one patch of the collection that is named. Spec 07 A8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/sync_action.h"

namespace whatsapp::app_state {

struct MutationSet {
  Collection collection = Collection::kRegularLow;
  std::vector<Mutation> mutations;
};

/// The newest message of a chat: actions on a chat cover the messages up to it.
struct LastMessage {
  MessageRef ref;
  std::int64_t unix_seconds = 0;
};

/// Up to where an action on a chat reaches: its last message; now, if that is not known.
using CoveredUpTo = std::optional<LastMessage>;

enum class StarredToo { kNo, kYes };
enum class MediaToo { kNo, kYes };

MutationSet make(const ChatMuted& action, std::int64_t now_ms);
MutationSet make(const ChatPinned& action, std::int64_t now_ms);
MutationSet make(const ChatArchived& action, const CoveredUpTo& last, std::int64_t now_ms);
MutationSet make(const ChatRead& action, const CoveredUpTo& last, std::int64_t now_ms);
MutationSet make(const ChatLocked& action, std::int64_t now_ms);
MutationSet make(const ChatCleared& action, StarredToo starred, MediaToo media, const CoveredUpTo& last,
                 std::int64_t now_ms);
MutationSet make(const ChatDeleted& action, MediaToo media, const CoveredUpTo& last, std::int64_t now_ms);
MutationSet make(const MessageStarred& action, std::int64_t now_ms);
/// `sent_at`: of the message, unix seconds.
MutationSet make(const MessageDeletedForMe& action, std::int64_t sent_at, std::int64_t now_ms);
MutationSet make(const Contact& action, std::int64_t now_ms);
MutationSet make(const ContactRemoved& action);
MutationSet make(const OwnPushName& action, std::int64_t now_ms);
MutationSet make(const LabelEdited& action, std::int64_t now_ms);
MutationSet make(const ChatLabeled& action, std::int64_t now_ms);

}  // namespace whatsapp::app_state
