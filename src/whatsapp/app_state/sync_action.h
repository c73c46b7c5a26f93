// What mutations mean: the settings that a gateway cares for, typed. Reading is tolerant: an action that is
// not known, or lacks a part of its index, is an OtherAction. JIDs are texts, without device; both forms of a
// person's address (phone number, LID) occur. Spec 07 A8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "whatsapp/app_state/record.h"

namespace whatsapp::app_state {

/// A contact of the address book, or its names were changed.
struct Contact {
  std::string jid;
  std::string full_name;
  std::string first_name;
  std::string username;
  std::string lid;  // the other form of `jid`, if told
  std::string pn;
};
struct ContactRemoved {
  std::string jid;
};
/// The phone number behind a chat that is known by LID.
struct NumberOfLid {
  std::string lid;
  std::string pn;
};
struct OwnPushName {
  std::string name;
};
struct Locale {
  std::string locale;
};

/// Until when a chat is muted.
struct NotMuted {};
struct MutedForever {};
struct MutedUntil {
  std::int64_t ms = 0;
};
using MuteEnd = std::variant<NotMuted, MutedForever, MutedUntil>;
struct ChatMuted {
  std::string chat;
  MuteEnd end;
};
struct ChatPinned {
  std::string chat;
  bool pinned = false;
};
struct ChatArchived {
  std::string chat;
  bool archived = false;
};
struct ChatRead {
  std::string chat;
  bool read = false;
};
struct ChatLocked {
  std::string chat;
  bool locked = false;
};
struct ChatCleared {
  std::string chat;
};
struct ChatDeleted {
  std::string chat;
};
struct StatusMuted {
  std::string user;
  bool muted = false;
};

/// A message, as indexes name it.
struct MessageRef {
  std::string chat;
  std::string id;
  bool from_me = false;
  std::string participant;  // sender in groups, unless it is us; else empty
};
struct MessageStarred {
  MessageRef message;
  bool starred = false;
};
struct MessageDeletedForMe {
  MessageRef message;
  bool delete_media = false;
};

struct LabelEdited {
  std::string id;
  std::string name;
  std::int32_t color = 0;
  bool deleted = false;
};
struct ChatLabeled {
  std::string label_id;
  std::string chat;
  bool labeled = false;
};
struct QuickReply {
  std::string id;
  std::string shortcut;
  std::string message;
  bool deleted = false;
};

/// Whether a new message brings an archived chat back.
struct UnarchiveSetting {
  bool unarchive = false;
};
/// Keys up to this epoch must not be used for writing any more.
struct KeysExpired {
  std::uint32_t epoch = 0;
};
/// The salt of the account's privacy tokens; empty: there is none any more.
struct NctSalt {
  base::Bytes salt;
};

/// Everything else: see the mutation itself.
struct OtherAction {};

using SyncAction = std::variant<OtherAction, Contact, ContactRemoved, NumberOfLid, OwnPushName, Locale,
                                ChatMuted, ChatPinned, ChatArchived, ChatRead, ChatLocked, ChatCleared,
                                ChatDeleted, StatusMuted, MessageStarred, MessageDeletedForMe, LabelEdited,
                                ChatLabeled, QuickReply, UnarchiveSetting, KeysExpired, NctSalt>;

struct ReadAction {
  std::int64_t timestamp_ms = 0;  // when it was done; 0: not told
  SyncAction action;
};

/// Removed entries are OtherAction, but for contacts and the salt.
ReadAction read_action(const Mutation& mutation);

}  // namespace whatsapp::app_state
