#include "whatsapp/client/delivery/receipt_news.h"

#include <optional>
#include <string_view>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/message_source.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using Meaning = ReceiptNews::Meaning;
using State = MessageStatus::State;

struct TypeRule {
  std::string_view type;
  Meaning meaning;
  State state = State::kDelivered;
};

constexpr TypeRule kRules[] = {
    {"", Meaning::kProgress, State::kDelivered},
    {"inactive", Meaning::kProgress, State::kDelivered},
    {"read", Meaning::kProgress, State::kRead},
    {"played", Meaning::kProgress, State::kPlayed},
    {"read-self", Meaning::kReadByUs},
    {"played-self", Meaning::kReadByUs},
    {"retry", Meaning::kRetry},
    {"server-error", Meaning::kMediaRetry},
};

TypeRule rule_for(std::string_view type) {
  for (const TypeRule& rule : kRules)
    if (rule.type == type) return rule;
  return {type, Meaning::kNothing};
}

bool usable(const std::string& id) { return !id.empty() && id.size() <= kMaxMessageId; }

void add_step(std::string id, const Jid& by, UnixSeconds at, ReceiptNews& out) {
  if (usable(id) && out.steps.size() < kMaxReceiptIds) out.steps.push_back({std::move(id), by, at});
}

void read_list(const Node& receipt, const Jid& by, UnixSeconds at, ReceiptNews& out) {
  add_step(receipt.attr("id").value_or(""), by, at, out);
  for (const Node* list : receipt.children("list"))
    for (const Node* item : list->children("item")) add_step(item->attr("id").value_or(""), by, at, out);
}

/// One receipt for what several members of a group did.
void read_participants(const Node& receipt, UnixSeconds at, ReceiptNews& out) {
  for (const Node* message : receipt.children("participants"))
    for (const Node* user : message->children("user"))
      if (const auto jid = user->jid("jid"))
        add_step(message->attr("key").value_or(""), jid->normalized(), user->number("t").value_or(at), out);
}

}  // namespace

Result<ReceiptNews> read_receipt(const Node& receipt, const Self& self) {
  if (!usable(receipt.attr("id").value_or("")))
    return fail(ErrorCode::kMalformed, "a receipt without a usable id");
  WA_TRY(const Jid wire_from, receipt.require_jid("from"));
  const Jid from = wire_from.normalized();
  const TypeRule rule = rule_for(receipt.attr("type").value_or(""));
  ReceiptNews out{rule.meaning, rule.state, from.account(), {}};
  if (out.meaning != Meaning::kProgress && out.meaning != Meaning::kReadByUs) return out;

  const auto participant = receipt.jid("participant");
  const Jid by = participant ? participant->normalized() : from;
  const bool shared = from.is_group() || from.server() == binary::Server::kBroadcast;
  if (from.is_newsletter()) {
    out.meaning = Meaning::kNothing;
    return out;
  }
  if (is_own_account(self, from)) {
    // Without recipient: a note to ourselves, or devices talking about their own affairs.
    const auto recipient = receipt.jid("recipient");
    out.chat = recipient ? recipient->normalized().account() : from.account();
  }
  const bool by_us = is_own_account(self, by);
  if (by_us && out.meaning == Meaning::kProgress)
    out.meaning = rule.state == State::kDelivered ? Meaning::kNothing : Meaning::kReadByUs;
  if (out.meaning == Meaning::kNothing) return out;

  const UnixSeconds at = receipt.number("t").value_or(0);
  if (shared && receipt.child("participants") != nullptr) {
    read_participants(receipt, at, out);
  } else {
    read_list(receipt, by, at, out);
  }
  return out;
}

}  // namespace whatsapp
