// What an account knows of its contacts and its chats: names, settings, where history ends. One record each,
// under the LID if it is known, else under the number; whoever asks gets both forms merged, since a LID may
// have been learned after the first record was written (10 L5).
//
// Live news always counts; what history tells only fills gaps, for it is older (spec 07 B7.10).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/client/account_store.h"

namespace whatsapp {

inline constexpr std::string_view kContactRecords = "contact";
inline constexpr std::string_view kChatRecords = "chat";

/// Only what is set is known.
struct ContactFacts {
  std::optional<std::string> full_name{}, first_name{}, username{}, push_name{}, about{}, verified_name{};
  std::optional<std::string> picture_id{};  // empty: has none
  std::optional<bool> in_address_book{};
};

struct ChatFacts {
  std::optional<bool> archived{}, pinned{}, marked_unread{}, locked{};
  std::optional<std::int64_t> muted_until{};  // Unix seconds; 0: not, -1: for ever
  /// The disappearing setting, and when it was made (Unix seconds).
  std::optional<std::uint32_t> ephemeral_seconds{};
  std::optional<std::int64_t> ephemeral_set_at{};
  std::optional<std::string> name{};
  std::optional<std::int64_t> last_message_at{};
  /// The oldest message that history has told of.
  struct OldestMessage {
    std::string id{};
    enum class Author { kThem, kMe } author = Author::kThem;
    std::int64_t at = 0;
  };
  std::optional<OldestMessage> oldest{};
  std::optional<bool> all_history_told{};
};

/// kCorrupt for bytes that are no such record.
base::Result<ContactFacts> read_contact_record(base::ByteView bytes);
base::Bytes write_contact_record(const ContactFacts& facts);
base::Result<ChatFacts> read_chat_record(base::ByteView bytes);
base::Bytes write_chat_record(const ChatFacts& facts);

enum class FactsOrigin { kLive, kHistory };

struct ContactUpdate {
  binary::Jid who;
  ContactFacts facts{};
  FactsOrigin origin = FactsOrigin::kLive;
};
struct ChatUpdate {
  binary::Jid chat;
  ChatFacts facts{};
  FactsOrigin origin = FactsOrigin::kLive;
};
struct BookUpdates {
  std::vector<ContactUpdate> contacts;
  std::vector<ChatUpdate> chats;
  [[nodiscard]] bool empty() const { return contacts.empty() && chats.empty(); }
};

class AccountBook {
 public:
  explicit AccountBook(AccountStore& store) : store_(store) {}

  /// Adds the records as they will be to `changes`. Under the session lock, whose holder commits: so two
  /// updates never overwrite each other. LID pairs in `changes` count as known.
  runtime::Task<base::Result<void>> update(BookUpdates updates, store::Changes& changes);

  /// Empty facts for somebody unknown. No lock is needed.
  runtime::Task<base::Result<ContactFacts>> contact(binary::Jid who);
  runtime::Task<base::Result<ChatFacts>> chat(binary::Jid chat);

 private:
  AccountStore& store_;
};

}  // namespace whatsapp
