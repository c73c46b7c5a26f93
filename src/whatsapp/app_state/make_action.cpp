#include "whatsapp/app_state/make_action.h"

#include <utility>

#include "proto/app_state.pb.h"
#include "proto/message.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using Value = proto::SyncActionValue;

/// Versions of the formats, by action.
constexpr std::int32_t kMuteVersion = 2;
constexpr std::int32_t kPinVersion = 5;
constexpr std::int32_t kArchiveVersion = 3;
constexpr std::int32_t kReadVersion = 3;
constexpr std::int32_t kLockVersion = 7;
constexpr std::int32_t kClearVersion = 6;
constexpr std::int32_t kDeleteChatVersion = 6;
constexpr std::int32_t kStarVersion = 2;
constexpr std::int32_t kDeleteMessageVersion = 3;
constexpr std::int32_t kContactVersion = 2;
constexpr std::int32_t kPushNameVersion = 1;
constexpr std::int32_t kLabelVersion = 3;

/// A value with its time; `fill` writes the action into it.
template <class Fill>
Mutation set(ActionIndex index, std::int32_t version, std::int64_t now_ms, const Fill& fill) {
  Value value;
  value.set_timestamp(now_ms);
  fill(value);
  return {Operation::kSet, std::move(index), version, serialised(value)};
}

std::string flag(bool on) { return on ? "1" : "0"; }

ActionIndex message_index(std::string name, const MessageRef& message) {
  const bool named = !message.from_me && !message.participant.empty();
  return {std::move(name), message.chat, message.id, flag(message.from_me),
          named ? message.participant : "0"};
}

void write_range(const CoveredUpTo& last, std::int64_t now_ms, proto::SyncActionMessageRange& range) {
  range.set_last_message_timestamp(last ? last->unix_seconds : now_ms / 1000);
  if (!last) return;
  proto::MessageKey key;
  key.set_remote_jid(last->ref.chat);
  key.set_from_me(last->ref.from_me);
  key.set_id(last->ref.id);
  if (!last->ref.from_me && !last->ref.participant.empty()) key.set_participant(last->ref.participant);
  auto& item = *range.add_messages();
  item.set_key(key.SerializeAsString());
  item.set_timestamp(last->unix_seconds);
}

Mutation pin(const std::string& chat, bool pinned, std::int64_t now_ms) {
  return set({"pin_v1", chat}, kPinVersion, now_ms,
             [&](Value& value) { value.mutable_pin_action()->set_pinned(pinned); });
}

Mutation archive(const std::string& chat, bool archived, const CoveredUpTo& last, std::int64_t now_ms) {
  return set({"archive", chat}, kArchiveVersion, now_ms, [&](Value& value) {
    value.mutable_archive_chat_action()->set_archived(archived);
    write_range(last, now_ms, *value.mutable_archive_chat_action()->mutable_message_range());
  });
}

void write_mute(const MuteEnd& end, proto::MuteAction& mute) {
  mute.set_muted(!std::holds_alternative<NotMuted>(end));
  if (std::holds_alternative<MutedForever>(end)) mute.set_mute_end_timestamp(-1);
  if (const auto* until = std::get_if<MutedUntil>(&end)) mute.set_mute_end_timestamp(until->ms);
}

MutationSet one(Collection collection, Mutation mutation) { return {collection, {std::move(mutation)}}; }

}  // namespace

MutationSet make(const ChatMuted& action, std::int64_t now_ms) {
  return one(Collection::kRegularHigh, set({"mute", action.chat}, kMuteVersion, now_ms, [&](Value& value) {
               write_mute(action.end, *value.mutable_mute_action());
             }));
}

MutationSet make(const ChatPinned& action, std::int64_t now_ms) {
  MutationSet out{Collection::kRegularLow, {}};
  if (action.pinned) out.mutations.push_back(archive(action.chat, false, {}, now_ms));
  out.mutations.push_back(pin(action.chat, action.pinned, now_ms));
  return out;
}

MutationSet make(const ChatArchived& action, const CoveredUpTo& last, std::int64_t now_ms) {
  MutationSet out{Collection::kRegularLow, {}};
  if (action.archived) out.mutations.push_back(pin(action.chat, false, now_ms));
  out.mutations.push_back(archive(action.chat, action.archived, last, now_ms));
  return out;
}

MutationSet make(const ChatRead& action, const CoveredUpTo& last, std::int64_t now_ms) {
  return one(Collection::kRegularLow,
             set({"markChatAsRead", action.chat}, kReadVersion, now_ms, [&](Value& value) {
               auto& read = *value.mutable_mark_chat_as_read_action();
               read.set_read(action.read);
               write_range(last, now_ms, *read.mutable_message_range());
             }));
}

MutationSet make(const ChatLocked& action, std::int64_t now_ms) {
  MutationSet out{Collection::kRegularLow, {}};
  if (action.locked) {
    out.mutations.push_back(archive(action.chat, false, {}, now_ms));
    out.mutations.push_back(pin(action.chat, false, now_ms));
  }
  out.mutations.push_back(set({"lock", action.chat}, kLockVersion, now_ms, [&](Value& value) {
    value.mutable_lock_chat_action()->set_locked(action.locked);
  }));
  return out;
}

MutationSet make(const ChatCleared& action, StarredToo starred, MediaToo media, const CoveredUpTo& last,
                 std::int64_t now_ms) {
  ActionIndex index{"clearChat", action.chat, flag(starred == StarredToo::kYes),
                    flag(media == MediaToo::kYes)};
  return one(Collection::kRegularHigh, set(std::move(index), kClearVersion, now_ms, [&](Value& value) {
               write_range(last, now_ms, *value.mutable_clear_chat_action()->mutable_message_range());
             }));
}

MutationSet make(const ChatDeleted& action, MediaToo media, const CoveredUpTo& last, std::int64_t now_ms) {
  ActionIndex index{"deleteChat", action.chat, flag(media == MediaToo::kYes)};
  return one(Collection::kRegularHigh, set(std::move(index), kDeleteChatVersion, now_ms, [&](Value& value) {
               write_range(last, now_ms, *value.mutable_delete_chat_action()->mutable_message_range());
             }));
}

MutationSet make(const MessageStarred& action, std::int64_t now_ms) {
  return one(Collection::kRegularHigh,
             set(message_index("star", action.message), kStarVersion, now_ms,
                 [&](Value& value) { value.mutable_star_action()->set_starred(action.starred); }));
}

MutationSet make(const MessageDeletedForMe& action, std::int64_t sent_at, std::int64_t now_ms) {
  return one(Collection::kRegularHigh, set(message_index("deleteMessageForMe", action.message),
                                           kDeleteMessageVersion, now_ms, [&](Value& value) {
                                             auto& deleted = *value.mutable_delete_message_for_me_action();
                                             deleted.set_delete_media(action.delete_media);
                                             deleted.set_message_timestamp(sent_at);
                                           }));
}

MutationSet make(const Contact& action, std::int64_t now_ms) {
  return one(Collection::kCriticalUnblockLow,
             set({"contact", action.jid}, kContactVersion, now_ms, [&](Value& value) {
               auto& contact = *value.mutable_contact_action();
               contact.set_full_name(action.full_name);
               if (!action.first_name.empty()) contact.set_first_name(action.first_name);
               if (!action.lid.empty()) contact.set_lid_jid(action.lid);
               contact.set_save_on_primary_addressbook(true);
               if (!action.pn.empty()) contact.set_pn_jid(action.pn);
               if (!action.username.empty()) contact.set_username(action.username);
             }));
}

MutationSet make(const ContactRemoved& action) {
  return one(Collection::kCriticalUnblockLow,
             {Operation::kRemove, {"contact", action.jid}, kContactVersion, {}});
}

MutationSet make(const OwnPushName& action, std::int64_t now_ms) {
  return one(Collection::kCriticalBlock,
             set({"setting_pushName"}, kPushNameVersion, now_ms,
                 [&](Value& value) { value.mutable_push_name_setting()->set_name(action.name); }));
}

MutationSet make(const LabelEdited& action, std::int64_t now_ms) {
  return one(Collection::kRegular, set({"label_edit", action.id}, kLabelVersion, now_ms, [&](Value& value) {
               auto& label = *value.mutable_label_edit_action();
               label.set_name(action.name);
               label.set_color(action.color);
               label.set_deleted(action.deleted);
             }));
}

MutationSet make(const ChatLabeled& action, std::int64_t now_ms) {
  return one(Collection::kRegular,
             set({"label_jid", action.label_id, action.chat}, kLabelVersion, now_ms, [&](Value& value) {
               value.mutable_label_association_action()->set_labeled(action.labeled);
             }));
}

}  // namespace whatsapp::app_state
