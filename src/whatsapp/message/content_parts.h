// What messages hold besides words: one struct per kind of content that needs more than a body. Every text in
// them is valid UTF-8 and bounded, every list is bounded; numbers are as the peer wrote them. Spec 05 §5.6 to
// §5.10.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/message/message_secret_content.h"

namespace whatsapp::message {

struct Location {
  double latitude = 0, longitude = 0;
  std::string name{}, address{}, url{};
  std::uint32_t accuracy_meters = 0;  // 0: unknown
  enum class Live { kNo, kYes } live = Live::kNo;
};

struct Contacts {
  struct Card {
    std::string display_name{};
    std::string vcard{};
  };
  std::string display_name{};  // of several
  std::vector<Card> cards{};
};

struct Poll {
  std::string name{};
  std::vector<std::string> options{};
  std::uint32_t selectable = 0;  // 0: any number
  enum class Type { kPoll, kQuiz } type = Type::kPoll;
  std::int64_t ends_at = 0;  // 0: open
};

/// An addition whose content is still encrypted: a vote, a reaction, a comment, an edit, an answer to an
/// event. The client opens it with the secret of the message it belongs to; what it cannot open is told as it
/// is.
struct SealedAddOn {
  EncryptedAddOn envelope{};
};

struct PollVote {
  std::vector<std::string> options{};  // names, or hexadecimal hashes of unknown ones; empty: withdrawn
};

struct PollResult {
  struct Count {
    std::string option{};
    std::int64_t votes = 0;
  };
  std::string name{};
  std::vector<Count> counts{};
};

struct Event {
  std::string name{}, description{}, join_link{};
  std::string place{}, address{};
  std::int64_t starts_at = 0, ends_at = 0;  // Unix seconds; 0: not said
  enum class State { kPlanned, kCancelled } state = State::kPlanned;
};

struct EventAnswer {
  EventResponse response{};
};

struct Pin {
  enum class Change { kPin, kUnpin } change = Change::kPin;
  std::uint32_t seconds = 0;
};

struct Keep {
  enum class Change { kKeep, kUndo } change = Change::kKeep;
};

struct EphemeralSetting {
  std::uint32_t seconds = 0;  // 0: off
  std::int64_t set_at = 0;    // 0: not said
};

/// Buttons, lists, templates: something to choose from.
struct Interactive {
  struct Choice {
    std::string id{};
    std::string label{};
    std::string description{};
    std::string type{};   // reply, url, call, copy, row, or the name of a native flow
    std::string value{};  // URL, phone number, code, or the parameters of a native flow
  };
  std::string form{};  // buttons, list, template, interactive, hsm
  std::string title{}, body{}, footer{};
  std::string button{};  // of a list: what opens it
  std::vector<Choice> choices{};
};

struct InteractiveReply {
  std::string form{};  // buttons, list, template, native_flow
  std::string selected_id{};
  std::string label{};
  std::string description{};
  std::string params_json{};  // of a native flow, as it came
};

struct Order {
  std::string id{}, token{}, title{}, message{}, seller{}, currency{};
  std::int64_t item_count = 0;
  std::int64_t total_thousandths = 0;  // of the currency's unit
  std::string status{};                // inquiry, accepted, declined; empty: not said
};

struct Product {
  std::string id{}, retailer_id{}, title{}, description{}, url{}, seller{}, body{}, footer{}, currency{};
  std::int64_t price_thousandths = 0, sale_price_thousandths = 0;
};

struct GroupInvite {
  std::string group{}, code{}, name{}, caption{};
  std::int64_t expires_at = 0;
};

struct ChannelInvite {
  std::string channel{}, name{}, caption{};
};

struct Payment {
  std::string form{};  // sent, requested, declined, cancelled, invited, invoice
  std::string currency{}, note{};
  std::uint64_t amount_thousandths = 0;
  std::string request_id{};  // message of the request that is answered
};

struct CallLog {
  enum class Media { kAudio, kVideo } media = Media::kAudio;
  std::string outcome{};  // connected, missed, failed, rejected, …; scheduled, cancelled
  std::string title{};
  std::int64_t duration_seconds = 0;
  std::int64_t scheduled_at = 0;  // Unix seconds
};

struct StickerPack {
  std::string id{}, name{}, publisher{};
  std::uint32_t stickers = 0;
};

/// Something for people that this version cannot show.
struct Unsupported {
  std::string type{};  // the protocol's name, or "field_<number>"
};

using Part = std::variant<std::monostate, Location, Contacts, Poll, SealedAddOn, PollVote, PollResult, Event,
                          EventAnswer, Pin, Keep, EphemeralSetting, Interactive, InteractiveReply, Order,
                          Product, GroupInvite, ChannelInvite, Payment, CallLog, StickerPack, Unsupported>;

}  // namespace whatsapp::message
