#include "whatsapp/client/acks.h"

#include <array>
#include <string>
#include <utility>

namespace whatsapp {
namespace {

using binary::Node;

enum class TypeAttribute { kOmitted, kEchoed, kPayloadTag };

struct AckRule {
  std::string_view tag;
  TypeAttribute type;
};

constexpr std::array<AckRule, 4> kAckRules{{
    {"message", TypeAttribute::kOmitted},
    {"receipt", TypeAttribute::kEchoed},
    {"notification", TypeAttribute::kEchoed},
    {"call", TypeAttribute::kPayloadTag},
}};

constexpr std::array<std::string_view, 10> kNeverAnswered{
    "ack",     "iq",      "presence",     "chatstate",    "ib",
    "success", "failure", "stream:error", "xmlstreamend", "error"};

TypeAttribute type_rule(std::string_view tag) {
  for (const AckRule& rule : kAckRules)
    if (rule.tag == tag) return rule.type;
  return TypeAttribute::kOmitted;
}

void copy(const Node& from, std::string_view key, Node& to, std::string_view as) {
  if (const binary::AttributeValue* value = from.find(key)) to.set(as, *value);
}

void copy_addressing(const Node& stanza, Node& answer) {
  copy(stanza, "id", answer, "id");
  copy(stanza, "from", answer, "to");
  copy(stanza, "participant", answer, "participant");
  copy(stanza, "recipient", answer, "recipient");
}

std::string_view type_text(ReceiptType type) {
  switch (type) {
    case ReceiptType::kDelivered:
      return "";
    case ReceiptType::kInactive:
      return "inactive";
    case ReceiptType::kSender:
      return "sender";
    case ReceiptType::kPeerMessage:
      return "peer_msg";
    case ReceiptType::kHistorySync:
      return "hist_sync";
  }
  return "";
}

}  // namespace

bool wants_answer(const Node& stanza) {
  for (const std::string_view tag : kNeverAnswered)
    if (stanza.tag() == tag) return false;
  return stanza.has_attr("id") && stanza.has_attr("from");
}

Node ack_for(const Node& stanza, std::optional<Refusal> refusal) {
  Node ack("ack");
  ack.set("class", std::string{stanza.tag()});
  copy_addressing(stanza, ack);
  switch (type_rule(stanza.tag())) {
    case TypeAttribute::kOmitted:
      break;
    case TypeAttribute::kEchoed:
      copy(stanza, "type", ack, "type");
      break;
    case TypeAttribute::kPayloadTag:
      if (!stanza.children().empty()) ack.set("type", std::string{stanza.children().front().tag()});
      break;
  }
  if (refusal) ack.set("error", std::to_string(static_cast<int>(*refusal)));
  return ack;
}

Node receipt_for(const Node& message, ReceiptType type) {
  Node receipt("receipt");
  const bool to_own_account = type == ReceiptType::kPeerMessage || type == ReceiptType::kHistorySync;
  if (to_own_account) {
    copy(message, "id", receipt, "id");
    if (const auto from = message.jid("from")) receipt.set("to", from->account());
  } else {
    copy_addressing(message, receipt);
  }
  if (const std::string_view text = type_text(type); !text.empty()) receipt.set("type", std::string{text});
  return receipt;
}

}  // namespace whatsapp
