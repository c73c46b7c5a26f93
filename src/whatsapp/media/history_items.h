// What a chunk of history holds, as far as this program has a use for it: one item at a time, as values that
// own their bytes. JIDs are texts as the phone wrote them; whoever stores them parses and normalises them
// first ("c.us" is an old name of "s.whatsapp.net"). Texts may be invalid UTF-8. Times are Unix seconds, 0
// for none.
//
// Everything here is older than what the account learns live, and never overrides it (spec 07 B7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"

namespace whatsapp::media {

/// What a chunk is about. Numbers that are not here may come.
enum class SyncType : std::uint32_t {
  kInitialBootstrap = 0,  // all chats with their last messages, mappings, secrets
  kInitialStatus = 1,
  kFull = 2,
  kRecent = 3,  // the messages of recent months, in several chunks
  kPushName = 4,
  kNonBlockingData = 5,
  kOnDemand = 6,  // the answer to a request of ours
  kNoHistory = 7,
  kMessageAccessStatus = 8,
};

/// What a user calls himself.
struct PushName {
  std::string user;
  std::string name;  // never empty nor "-"
};

/// One account by phone number and by hidden identity. Mappings from the list of a chunk win over those of
/// its contacts and chats only where they disagree; see HistoryConversation.
struct LidMapping {
  std::string pn;
  std::string lid;
};

/// An entry of the phone's address book. With both addresses it is a mapping as good as LidMapping.
struct HistoryContact {
  std::string pn;
  std::string lid;
  std::string full_name;
  std::string first_name;
  std::string username;
};

struct HistoryMessage {
  std::string chat;  // id of the conversation
  std::string id;
  bool from_me = false;
  std::string participant;  // the author in a group, if named
  std::int64_t timestamp = 0;
  std::uint32_t status = 0;  // 0 error, 1 pending, 2 on the server, 3 delivered, 4 read, 5 played
  std::uint64_t order_id = 0;
  /// A serialised Message. Absent for entries that only tell of an event, which live notifications tell
  /// too: they are not for output.
  std::optional<base::Bytes> content;
  std::string push_name;       // of the author
  std::string first_receiver;  // who was the first to get it, if it is ours
  base::Bytes secret;          // for votes and edits that refer to it; empty or 32 bytes
  bool starred = false;
};

/// How the messages of a conversation follow each other: newest first from the service.
enum class MessageOrder { kUnknown, kNewestFirst, kOldestFirst };

/// Names a message inside its chat, for asking for older ones.
struct MessageReference {
  std::string id;
  bool from_me = false;
  std::int64_t timestamp = 0;
};

/// Proof that a chat with this user exists, to be shown when writing to him.
struct TrustedContactToken {
  base::Bytes token;
  std::int64_t timestamp = 0;
  std::int64_t sender_timestamp = 0;
};

enum class EndOfTransfer : std::uint32_t {
  kMoreOnPhone = 0,
  kComplete = 1,
  kMoreOnDemand = 2,
  kMoreWithoutAccess = 3,
};

/// A chat, after its messages.
struct HistoryConversation {
  std::string id;
  std::string name;  // a group's subject
  std::string display_name;
  std::string username;
  /// The other address of the chat's user. Only to be believed where neither address is mapped yet: the
  /// mappings of the chunk come first.
  std::string pn;
  std::string lid;
  /// For a chat by LID without `pn`: who received our messages in it, most likely the same user by number.
  std::string likely_pn;
  std::optional<TrustedContactToken> token;  // of use in chats with one user only

  std::int64_t last_message_at = 0;
  std::int64_t conversation_at = 0;
  std::int64_t pinned_at = 0;    // 0: not pinned
  std::int64_t muted_until = 0;  // 0: not muted
  std::uint32_t ephemeral_seconds = 0;
  std::int64_t ephemeral_set_at = 0;
  std::uint32_t unread = 0;
  std::uint32_t unread_mentions = 0;
  bool marked_unread = false;
  bool archived = false;
  bool read_only = false;
  bool end_of_transfer = false;
  std::optional<EndOfTransfer> transfer;

  /// Of the messages in this chunk; nothing is known of them if they were passed over.
  std::uint64_t messages = 0;
  MessageOrder order = MessageOrder::kUnknown;
  std::optional<MessageReference> oldest;
  std::optional<MessageReference> newest;
};

/// The last item: the whole chunk has been read and its checksum is right.
struct HistoryEnd {
  SyncType sync_type = SyncType::kInitialBootstrap;
  std::uint32_t chunk_order = 0;
  std::uint32_t progress = 0;  // 0 to 100 within the type
  std::optional<std::int64_t> lid_migration_at;
  std::optional<bool> auto_unarchive_chats;
  std::string companion_meta_nonce;  // for deleting the chunk from the media hosts
  base::Bytes nct_salt;              // only for an account that has none
  std::uint64_t conversations = 0;
  std::uint64_t messages = 0;  // handed out, or passed over
  std::uint64_t nameless = 0;  // messages without an id, which nobody can refer to
};

using HistoryItem =
    std::variant<PushName, LidMapping, HistoryContact, HistoryMessage, HistoryConversation, HistoryEnd>;

}  // namespace whatsapp::media
