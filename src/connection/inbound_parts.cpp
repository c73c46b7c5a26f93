#include "connection/inbound_parts.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/json.h"

namespace worker {
namespace {

using Json = nlohmann::json;
using whatsapp::IncomingMessage;
using whatsapp::message::Content;
using whatsapp::message::Kind;
namespace part = whatsapp::message;

constexpr double kThousand = 1'000.0;

void put(Json& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

template <class Number>
requires std::is_arithmetic_v<Number>
void put(Json& out, const char* key, Number value) {
  if (value != Number{}) out[key] = value;
}

/// The message that this one is about.
Json target_of(const IncomingMessage& message) {
  Json out = Json::object();
  put(out, "target_id", message.content.target.id);
  if (!message.target_author.empty()) out["target_sender"] = message.target_author.to_string();
  if (message.target != IncomingMessage::Target::kNone)
    out["target_from_me"] = message.target == IncomingMessage::Target::kOurs;
  return out;
}

/// Numbers of a vCard: what follows "TEL…:", and the WhatsApp number in "waid=".
std::vector<std::string> phones_in(const std::string& vcard) {
  constexpr std::size_t kMost = 16;
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin < vcard.size() && out.size() < kMost) {
    const std::size_t end = std::min(vcard.find('\n', begin), vcard.size());
    const std::string_view line = std::string_view{vcard}.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t colon = line.find(':');
    if (line.find("TEL") > 6 || colon == std::string_view::npos) continue;  // also "item1.TEL"
    std::string number;
    for (const char c : line.substr(colon + 1))
      if (c != '\r') number += c;
    if (!number.empty()) out.push_back(std::move(number));
  }
  return out;
}

Json as_json(const part::Location& place) {
  Json out{{"latitude", place.latitude}, {"longitude", place.longitude}};
  put(out, "name", place.name);
  put(out, "address", place.address);
  put(out, "url", place.url);
  put(out, "accuracy_meters", place.accuracy_meters);
  if (place.live == part::Location::Live::kYes) out["live"] = true;
  return out;
}

Json as_json(const part::Contacts& contacts) {
  Json out = Json::array();
  for (const auto& card : contacts.cards)
    out.push_back(
        {{"display_name", card.display_name}, {"vcard", card.vcard}, {"phones", phones_in(card.vcard)}});
  return out;
}

Json as_json(const part::Poll& poll) {
  Json out{{"name", poll.name}, {"options", poll.options}, {"selectable_count", poll.selectable}};
  if (poll.type == part::Poll::Type::kQuiz) out["quiz"] = true;
  put(out, "ends_at", poll.ends_at);
  return out;
}

Json as_json(const part::PollResult& result) {
  Json counts = Json::array();
  for (const auto& count : result.counts)
    counts.push_back({{"option", count.option}, {"votes", count.votes}});
  return {{"name", result.name}, {"options", std::move(counts)}};
}

Json as_json(const part::Event& event) {
  Json out{{"name", event.name}};
  put(out, "description", event.description);
  put(out, "join_link", event.join_link);
  put(out, "location_name", event.place);
  put(out, "location_address", event.address);
  put(out, "starts_at", event.starts_at);
  put(out, "ends_at", event.ends_at);
  if (event.state == part::Event::State::kCancelled) out["cancelled"] = true;
  return out;
}

Json as_json(const part::Interactive& interactive) {
  Json choices = Json::array();
  for (const auto& choice : interactive.choices) {
    Json one = Json::object();
    put(one, "id", choice.id);
    put(one, "label", choice.label);
    put(one, "description", choice.description);
    put(one, "type", choice.type);
    put(one, "value", choice.value);
    choices.push_back(std::move(one));
  }
  Json out{{"form", interactive.form}, {"options", std::move(choices)}};
  put(out, "title", interactive.title);
  put(out, "body", interactive.body);
  put(out, "footer", interactive.footer);
  put(out, "button", interactive.button);
  return out;
}

Json as_json(const part::InteractiveReply& reply) {
  Json out{{"form", reply.form}, {"selected_id", reply.selected_id}};
  put(out, "label", reply.label);
  put(out, "description", reply.description);
  if (auto params = runtime::parse_json(reply.params_json); params && params->is_object())
    out["params"] = *std::move(params);
  return out;
}

Json as_json(const part::Order& order) {
  Json out{{"id", order.id}, {"item_count", order.item_count}};
  put(out, "title", order.title);
  put(out, "message", order.message);
  put(out, "seller", order.seller);
  put(out, "token", order.token);
  put(out, "status", order.status);
  put(out, "currency", order.currency);
  put(out, "total", static_cast<double>(order.total_thousandths) / kThousand);
  return out;
}

Json as_json(const part::Product& product) {
  Json out{{"id", product.id}, {"title", product.title}};
  put(out, "description", product.description);
  put(out, "retailer_id", product.retailer_id);
  put(out, "url", product.url);
  put(out, "seller", product.seller);
  put(out, "body", product.body);
  put(out, "footer", product.footer);
  put(out, "currency", product.currency);
  put(out, "price", static_cast<double>(product.price_thousandths) / kThousand);
  put(out, "sale_price", static_cast<double>(product.sale_price_thousandths) / kThousand);
  return out;
}

Json as_json(const part::GroupInvite& invite) {
  Json out{{"group", invite.group}, {"code", invite.code}, {"name", invite.name}};
  put(out, "caption", invite.caption);
  put(out, "expires_at", invite.expires_at);
  return out;
}

Json as_json(const part::ChannelInvite& invite) {
  Json out{{"channel", invite.channel}, {"name", invite.name}};
  put(out, "caption", invite.caption);
  return out;
}

Json as_json(const part::Payment& payment) {
  Json out{{"form", payment.form}};
  put(out, "currency", payment.currency);
  put(out, "amount", static_cast<double>(payment.amount_thousandths) / kThousand);
  put(out, "note", payment.note);
  put(out, "request_id", payment.request_id);
  return out;
}

Json as_json(const part::CallLog& call) {
  Json out{{"outcome", call.outcome}, {"video", call.media == part::CallLog::Media::kVideo}};
  put(out, "title", call.title);
  put(out, "duration_seconds", call.duration_seconds);
  put(out, "scheduled_at", call.scheduled_at);
  return out;
}

Json as_json(const part::StickerPack& pack) {
  return {{"id", pack.id}, {"name", pack.name}, {"publisher", pack.publisher}, {"stickers", pack.stickers}};
}

Json as_json(const part::EphemeralSetting& setting) { return {{"expiration", setting.seconds}}; }

/// Parts of messages that are about another message.
struct AboutTarget {
  Json out;

  void operator()(const part::PollVote& vote) { out["options"] = vote.options; }
  void operator()(const part::EventAnswer& answer) {
    using Answer = part::EventResponse::Answer;
    const Answer given = answer.response.answer;
    out["response"] = given == Answer::kGoing      ? "going"
                      : given == Answer::kNotGoing ? "not_going"
                      : given == Answer::kMaybe    ? "maybe"
                                                   : "unknown";
    put(out, "extra_guests", answer.response.extra_guests);
  }
  void operator()(const part::Pin& pin) {
    out["pinned"] = pin.change == part::Pin::Change::kPin;
    put(out, "seconds", pin.seconds);
  }
  void operator()(const part::Keep& keep) { out["kept"] = keep.change == part::Keep::Change::kKeep; }
  void operator()(const part::Unsupported& unsupported) { out["type"] = unsupported.type; }
  template <class Other>
  void operator()(const Other&) {}
};

template <class Part>
concept HasJson = requires(const Part& value) {
  as_json(value);
};

Json value_of(const IncomingMessage& message) {
  return std::visit(
      [&]<class Part>(const Part& value) {
        if constexpr (HasJson<Part>) {
          return as_json(value);
        } else {
          AboutTarget about{target_of(message)};
          about(value);
          return std::move(about.out);
        }
      },
      message.content.part);
}

}  // namespace

std::string part_key(std::string_view kind) {
  if (kind == "live_location") return "location";
  if (kind == "contact") return "contacts";
  return std::string{kind};
}

std::optional<InboundPart> part_of(const IncomingMessage& message) {
  const Content& content = message.content;
  const std::string kind{part::to_string(content.kind)};
  if (content.kind == Kind::kReaction) {
    Json out = target_of(message);
    out["emoji"] = content.text;
    return InboundPart{"reaction", runtime::to_text(out)};
  }
  if (content.kind == Kind::kComment) return InboundPart{kind, runtime::to_text(target_of(message))};
  // What an edit or a revocation is about is told by edit_of and revoke_of.
  const bool told = content.kind == Kind::kEdit || content.kind == Kind::kRevoke;
  if (told || std::holds_alternative<std::monostate>(content.part)) return std::nullopt;
  return InboundPart{part_key(kind), runtime::to_text(value_of(message))};
}

}  // namespace worker
