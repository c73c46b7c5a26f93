// What the owner does to his chats through us: reading, archiving, muting, pinning. His other devices learn
// it through app state, and the authors of what was read through receipts. Part of Client, see chats().
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/app_state/make_action.h"
#include "whatsapp/client/sync/account_book.h"
#include "whatsapp/client/sync/app_state_patches.h"

namespace whatsapp {

class PrivacySettings;

/// A message of somebody else that was read or listened to.
struct ReadMark {
  std::string id{};
  binary::Jid author{};  // matters in groups and status; else the chat
  std::int64_t at = 0;   // its time, Unix seconds; 0: not known
};

enum class Archive { kArchive, kUnarchive };
enum class Pin { kPin, kUnpin };

class Chats {
 public:
  Chats(DeskParts& parts, AppStatePatches& patches, AccountBook& book, PrivacySettings& privacy)
      : parts_(parts), patches_(patches), book_(book), privacy_(privacy) {}

  /// Tells the authors (or only our own devices, if the owner hides that he reads) and marks the chat read on
  /// our other devices. Without messages only the latter. kInvalidArgument for channels, kClosed, and without
  /// messages the errors of AppStatePatches.
  runtime::Task<base::Result<void>> mark_read(binary::Jid chat, std::vector<ReadMark> messages);
  /// Voice notes and what can be seen once; they count as read as well.
  runtime::Task<base::Result<void>> mark_played(binary::Jid chat, std::vector<ReadMark> messages);
  // Errors of the following: those of AppStatePatches, kInvalidArgument.
  runtime::Task<base::Result<void>> mark_unread(binary::Jid chat);
  runtime::Task<base::Result<void>> archive(binary::Jid chat, Archive wish);
  runtime::Task<base::Result<void>> pin(binary::Jid chat, Pin wish);
  /// `until`: Unix seconds; 0: no longer muted, -1: for ever.
  runtime::Task<base::Result<void>> mute(binary::Jid chat, std::int64_t until);
  /// Away from the list of chats, with its messages, on all devices.
  runtime::Task<base::Result<void>> remove(binary::Jid chat);

  /// What is known of a chat; empty for an unknown one. Also while not connected.
  runtime::Task<base::Result<ChatFacts>> facts(binary::Jid chat) { return book_.chat(std::move(chat)); }
  /// What is known of a person.
  runtime::Task<base::Result<ContactFacts>> contact(binary::Jid who) { return book_.contact(std::move(who)); }

 private:
  using MakeMutations = AppStatePatches::MakeMutations;

  runtime::Task<base::Result<void>> send(binary::Jid chat, MakeMutations make);
  runtime::Task<base::Result<void>> send_receipts(binary::Jid chat, const std::vector<ReadMark>& messages,
                                                  std::string type);
  [[nodiscard]] std::int64_t now_ms() const { return parts_.connection.unix_seconds() * 1000; }

  DeskParts& parts_;
  AppStatePatches& patches_;
  AccountBook& book_;
  PrivacySettings& privacy_;
};

}  // namespace whatsapp
