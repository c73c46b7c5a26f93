#include "whatsapp/app_state/sync_action.h"

#include <string_view>

#include "proto/app_state.pb.h"
#include "whatsapp/app_state/wire.h"

namespace whatsapp::app_state {
namespace {

using Value = proto::SyncActionValue;

MuteEnd mute_end(const proto::MuteAction& mute) {
  if (!mute.muted()) return NotMuted{};
  // Clients write milliseconds, but seconds have been seen; no setting of today is from before 1973.
  constexpr std::int64_t kSmallestMillis = 100'000'000'000;
  const std::int64_t end = mute.mute_end_timestamp();
  if (end <= 0) return MutedForever{};
  return MutedUntil{end > kSmallestMillis ? end : end * 1000};
}

Contact contact(const std::string& jid, const proto::ContactAction& value) {
  return {jid, value.full_name(), value.first_name(), value.username(), value.lid_jid(), value.pn_jid()};
}

Contact lid_contact(const std::string& jid, const proto::LidContactAction& value) {
  return {jid, value.full_name(), value.first_name(), value.username(), {}, {}};
}

/// From ["star", chat, id, fromMe, participant].
MessageRef message_ref(const ActionIndex& index) {
  return {index[1], index[2], index[3] == "1" || index[3] == "true", index[4] == "0" ? "" : index[4]};
}

SyncAction key_expiry(const proto::KeyExpiration& value) {
  if (value.expired_key_epoch() < 0) return OtherAction{};
  return KeysExpired{static_cast<std::uint32_t>(value.expired_key_epoch())};
}

using Reader = SyncAction (*)(const ActionIndex& index, const Value& value);

struct ActionKind {
  std::string_view name;
  std::size_t index_parts;  // at least so many
  bool (Value::*has)() const;
  Reader read;
};

const ActionKind kKinds[] = {
    {"contact", 2, &Value::has_contact_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction { return contact(i[1], v.contact_action()); }},
    {"lid_contact", 2, &Value::has_lid_contact_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return lid_contact(i[1], v.lid_contact_action());
     }},
    {"pnForLidChat", 2, &Value::has_pn_for_lid_chat_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return NumberOfLid{i[1], v.pn_for_lid_chat_action().pn_jid()};
     }},
    {"setting_pushName", 1, &Value::has_push_name_setting,
     [](const ActionIndex&, const Value& v) -> SyncAction {
       return OwnPushName{v.push_name_setting().name()};
     }},
    {"setting_locale", 1, &Value::has_locale_setting,
     [](const ActionIndex&, const Value& v) -> SyncAction { return Locale{v.locale_setting().locale()}; }},
    {"mute", 2, &Value::has_mute_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatMuted{i[1], mute_end(v.mute_action())};
     }},
    {"pin_v1", 2, &Value::has_pin_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatPinned{i[1], v.pin_action().pinned()};
     }},
    {"archive", 2, &Value::has_archive_chat_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatArchived{i[1], v.archive_chat_action().archived()};
     }},
    {"markChatAsRead", 2, &Value::has_mark_chat_as_read_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatRead{i[1], v.mark_chat_as_read_action().read()};
     }},
    {"lock", 2, &Value::has_lock_chat_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatLocked{i[1], v.lock_chat_action().locked()};
     }},
    {"clearChat", 3, &Value::has_clear_chat_action,
     [](const ActionIndex& i, const Value&) -> SyncAction { return ChatCleared{i[1]}; }},
    {"deleteChat", 3, &Value::has_delete_chat_action,
     [](const ActionIndex& i, const Value&) -> SyncAction { return ChatDeleted{i[1]}; }},
    {"userStatusMute", 2, &Value::has_user_status_mute_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return StatusMuted{i[1], v.user_status_mute_action().muted()};
     }},
    {"star", 5, &Value::has_star_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return MessageStarred{message_ref(i), v.star_action().starred()};
     }},
    {"deleteMessageForMe", 5, &Value::has_delete_message_for_me_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return MessageDeletedForMe{message_ref(i), v.delete_message_for_me_action().delete_media()};
     }},
    {"label_edit", 2, &Value::has_label_edit_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       const auto& label = v.label_edit_action();
       return LabelEdited{i[1], label.name(), label.color(), label.deleted()};
     }},
    {"label_jid", 3, &Value::has_label_association_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       return ChatLabeled{i[1], i[2], v.label_association_action().labeled()};
     }},
    {"quick_reply", 2, &Value::has_quick_reply_action,
     [](const ActionIndex& i, const Value& v) -> SyncAction {
       const auto& reply = v.quick_reply_action();
       return QuickReply{i[1], reply.shortcut(), reply.message(), reply.deleted()};
     }},
    {"setting_unarchiveChats", 1, &Value::has_unarchive_chats_setting,
     [](const ActionIndex&, const Value& v) -> SyncAction {
       return UnarchiveSetting{v.unarchive_chats_setting().unarchive_chats()};
     }},
    {"sentinel", 1, &Value::has_key_expiration,
     [](const ActionIndex&, const Value& v) -> SyncAction { return key_expiry(v.key_expiration()); }},
    {"nct_salt_sync", 1, &Value::has_nct_salt_sync_action,
     [](const ActionIndex&, const Value& v) -> SyncAction {
       return NctSalt{base::to_bytes(v.nct_salt_sync_action().salt())};
     }},
};

SyncAction read_removed(const ActionIndex& index) {
  if ((index[0] == "contact" || index[0] == "lid_contact") && index.size() >= 2)
    return ContactRemoved{index[1]};
  if (index[0] == "nct_salt_sync") return NctSalt{};
  return OtherAction{};
}

}  // namespace

ReadAction read_action(const Mutation& mutation) {
  ReadAction out;
  Value value;
  if (mutation.index.empty() || !parse(value, mutation.value)) return out;
  out.timestamp_ms = value.timestamp();
  if (mutation.operation == Operation::kRemove) {
    out.action = read_removed(mutation.index);
    return out;
  }
  for (const ActionKind& kind : kKinds)
    if (mutation.index[0] == kind.name && mutation.index.size() >= kind.index_parts && (value.*kind.has)())
      out.action = kind.read(mutation.index, value);
  return out;
}

}  // namespace whatsapp::app_state
