// Reading the plaintext of messages: what a serialised Message says, once its wrappers are taken off. Every
// byte of it comes from a peer; nothing here believes who it claims to be. What only our own account may
// say (SelfNotice, DeviceSent) is reported, and the caller decides by the sender. Spec 05 §5, §10.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/message/content_parts.h"
#include "whatsapp/message/kept_parts.h"
#include "whatsapp/message/media_reference.h"

namespace whatsapp::message {

/// Messages inside messages (quoted, edited, wrapped, commented). Deeper is refused.
inline constexpr std::size_t kMaxNesting = 64;
/// Wrappers taken off one after the other; content below more of them is unsupported.
inline constexpr std::size_t kMaxWrappers = 10;
/// Mentioned JIDs that are read; more are ignored.
inline constexpr std::size_t kMaxMentions = 1024;

enum class Kind {
  kNone,  // nothing for people: keys, protocol notices, an empty wrapper
  kText,
  kImage,
  kVideo,
  kGif,
  kVideoNote,
  kAudio,
  kVoice,
  kDocument,
  kSticker,
  kStickerPack,
  kLocation,
  kLiveLocation,
  kContact,
  kReaction,
  kPoll,
  kPollVote,
  kPollResult,
  kEvent,
  kEventResponse,
  kEdit,
  kRevoke,
  kEphemeralSetting,
  kPin,
  kKeep,
  kComment,
  kInteractive,
  kInteractiveReply,
  kOrder,
  kProduct,
  kPayment,
  kGroupInvite,
  kChannelInvite,
  kCallLog,
  kUnsupported,  // something for people that this version does not know
};

/// The word for a kind that applications see: "text", "image", "ptt", …
std::string_view to_string(Kind kind);

/// The message that this one is about (edited, revoked, reacted to, voted in, pinned, kept), as its sender
/// names it. JID texts.
struct MessageRef {
  std::string chat{};
  std::string id{};                                   // empty: about none
  std::string author{};                               // in groups; may be empty
  enum class By { kSender, kOther } by = By::kOther;  // did the sender of this message write that one?
};

/// Text in it is valid UTF-8 and bounded.
struct Content {
  Kind kind = Kind::kNone;
  std::string text{};  // body, caption, emoji of a reaction, name of a poll
  std::optional<MediaReference> media{};
  Part part{};
  MessageRef target{};
  std::string quoted_id{};  // message that is answered; empty: none
  std::string quoted_author{};
  std::vector<std::string> mentions{};  // JID texts
  bool view_once = false;
  bool ephemeral = false;
  std::uint32_t forwarding_score = 0;  // above 0: forwarded
  std::uint32_t expiration = 0;        // seconds, the setting of the chat; 0: none or not said
  std::int64_t expiration_set_at = 0;  // Unix seconds; 0: not said
};

/// What people read instead of a message that cannot be shown as it is: the question of a list, the name of a
/// place, what a business wrote. The text itself where there is one.
std::string readable_body(const Content& content);

/// A group's sender key on its way to us.
struct SenderKeyShare {
  std::string group;  // JID text; empty: the chat it came in
  base::Bytes distribution;
};

/// What another of our devices sent, and to whom.
struct DeviceSent {
  std::string destination;  // JID text
};

/// History is offered for download, or comes along.
struct HistorySyncNotice {
  base::Bytes notification;  // a serialised HistorySyncNotification
};
/// Keys of the app state, each with its serialised AppStateSyncKeyData.
struct AppStateKeys {
  std::vector<std::pair<base::Bytes, base::Bytes>> keys;  // id, data
};
/// PN and LID user of contacts, digits.
struct LidMappings {
  std::vector<std::pair<std::string, std::string>> pairs;
};
/// The phone's answer to something that we asked of it.
struct PeerDataResponse {
  base::Bytes response;  // a serialised PeerDataOperationRequestResponseMessage
};
/// Any other protocol message that only our own devices may send.
struct OtherNotice {
  std::int32_t type = 0;
};
using SelfNotice =
    std::variant<std::monostate, HistorySyncNotice, AppStateKeys, LidMappings, PeerDataResponse, OtherNotice>;

struct ReadMessage {
  Content content;
  std::optional<DeviceSent> device_sent;  // believe it only from our own account
  std::optional<SenderKeyShare> sender_key;
  SelfNotice self_notice;  // obey it only from our own account
  KeptParts kept{};        // for additions that come later
};

/// kMalformed for bytes that are no Message, kLimit for one nested too deep.
base::Result<ReadMessage> read_message(base::ByteView unpadded);

}  // namespace whatsapp::message
