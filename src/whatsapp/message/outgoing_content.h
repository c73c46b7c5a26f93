// What an account can say: the content of a message that is to be sent, before it becomes bytes. JIDs in it
// are texts without device, in the addressing (PN or LID) of the chat; the client puts them into that form.
// Spec 05 §5.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/message/media_reference.h"

namespace whatsapp::message {

/// The message that ours answers. `message` is its plaintext, if we still have it; else clients show their
/// own copy.
struct Quote {
  std::string id{};
  std::string author{};  // JID text
  base::Bytes message{};
  std::string chat{};  // JID text, only if it is another one: status@broadcast
};

/// Beside the content: what most kinds can carry.
struct OutgoingContext {
  std::string chat{};  // JID text, the stanza's `to`: keys of other messages name it. Filled in by the client
  std::optional<Quote> quote{};
  std::vector<std::string> mentions{};  // JID texts; the body has "@user" for each
  std::uint32_t expiration = 0;         // seconds, the chat's disappearing setting; 0: none
  std::int64_t expiration_set_at = 0;
  std::uint32_t forwarding_score = 0;  // above 0: shown as forwarded
  enum class ViewOnce { kNo, kYes } view_once = ViewOnce::kNo;
  enum class MentionAll { kNo, kYes } mention_all = MentionAll::kNo;  // everyone in the group
};

/// A message that ours is about: the key of a reaction, a revocation, an edit, a vote, a pin.
struct TargetMessage {
  std::string id{};
  std::string author;  // JID text; empty: the chat itself (direct) — never empty for others' in groups
  enum class From { kThem, kMe } from = From::kThem;
};

struct LinkPreview {
  std::string url{};  // as in the text
  std::string title{};
  std::string description{};
  base::Bytes jpeg_thumbnail{};
};

struct OutgoingText {
  std::string body{};
  std::optional<LinkPreview> preview{};
  std::optional<std::uint32_t> background_argb{};  // of a text status
  std::optional<std::uint32_t> font{};
};

struct OutgoingMedia {
  MediaReference file{};  // uploaded
  std::string caption{};
};

struct OutgoingLocation {
  double latitude = 0, longitude = 0;
  std::string name{}, address{}, url{};
};

struct OutgoingContacts {
  struct Card {
    std::string display_name{};
    std::string vcard{};
  };
  std::string display_name{};  // of several
  std::vector<Card> cards{};
};

/// An empty emoji takes the reaction back.
struct OutgoingReaction {
  TargetMessage target{};
  std::string emoji{};
  std::int64_t at_ms = 0;  // Unix milliseconds
};

struct OutgoingPoll {
  std::string name{};
  std::vector<std::string> options{};
  std::uint32_t selectable = 0;  // 0: any number
};

/// Encrypted with the secret of the poll's message.
struct OutgoingPollVote {
  TargetMessage poll{};
  base::FixedBytes<32> poll_secret{};
  std::vector<std::string> options{};
  std::string voter{};        // own JID text in the poll's addressing
  base::FixedBytes<12> iv{};  // fresh
  std::int64_t at_ms = 0;
};

struct OutgoingEdit {
  TargetMessage target{};
  std::string body{};
  std::int64_t at_ms = 0;
  base::Bytes
      original{};  // plaintext of the target, if we still have it: a file keeps its place under a new caption
};

/// Own, or somebody else's as an admin of the group.
struct OutgoingRevoke {
  TargetMessage target{};
};

struct OutgoingPin {
  TargetMessage target{};
  enum class Change { kPin, kUnpin } change = Change::kPin;
  std::uint32_t seconds = 604'800;
  std::int64_t at_ms = 0;
};

/// The chat's messages disappear after so long; 0: never.
struct OutgoingEphemeralSetting {
  std::uint32_t seconds = 0;
};

/// A serialised Message as it stands, e.g. to forward one.
struct OutgoingRaw {
  base::Bytes message{};
};

using OutgoingContent = std::variant<OutgoingText, OutgoingMedia, OutgoingLocation, OutgoingContacts,
                                     OutgoingReaction, OutgoingPoll, OutgoingPollVote, OutgoingEdit,
                                     OutgoingRevoke, OutgoingPin, OutgoingEphemeralSetting, OutgoingRaw>;

}  // namespace whatsapp::message
