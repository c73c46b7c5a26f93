#include "simulator/message_plan.h"

namespace simulator {
namespace {

/// Children that travel with the message, whoever gets it.
constexpr std::string_view kCopiedChildren[] = {"meta", "bot", "biz", "reporting", "franking"};

/// The sender's own devices learn who else got what went to a list.
void add_recipients(Node& stanza, const MessagePlan& plan) {
  stanza.set("recipient", plan.to);
  Node participants("participants");
  const Account* last = nullptr;
  for (const Device* device : plan.targets) {
    if (&device->account == last) continue;
    last = &device->account;
    participants.add_child(Node("to").with("jid", last->lid()).with("peer_recipient_pn", last->pn()));
  }
  stanza.add_child(std::move(participants));
}

/// Who wrote it, in which chat, and the other identity of whichever of them needs one.
void address(Node& stanza, const ServerState& state, const Device& sender, const Device& target,
             const Node& message, const MessagePlan& plan) {
  const Account& author = sender.account;
  const Jid device = author.jid(plan.form, sender.id);
  const Jid other_identity = author.jid(other(plan.form));
  const bool lid = plan.form == Addressing::kLid;
  const bool tells_other = lid || author.lid_state == Account::LidState::kKnown;
  if (plan.chat != MessagePlan::Chat::kPerson) {
    stanza.set("from", plan.to);
    stanza.set("participant", device);
    stanza.set("addressing_mode", std::string{lid ? "lid" : "pn"});
    if (tells_other) stanza.set(lid ? "participant_pn" : "participant_lid", other_identity);
    if (plan.to.is_broadcast_list() && &target.account == &author) add_recipients(stanza, plan);
    return;
  }
  stanza.set("from", device);
  if (&target.account != &author) {
    if (tells_other) stanza.set(lid ? "sender_pn" : "sender_lid", other_identity);
    return;
  }
  if (plan.spread == MessagePlan::Spread::kDirected && !message.has_attr("recipient")) return;
  const Jid chat = message.jid("recipient").value_or(plan.to.bare());
  stanza.set("recipient", chat);
  if (const Account* peer = state.directory.account(chat))
    stanza.set(chat.is_lid() ? "peer_recipient_pn" : "peer_recipient_lid",
               peer->jid(other(addressing_of(chat))));
}

}  // namespace

Node stanza_for(const ServerState& state, const Device& sender, const Device& target, const Node& message,
                const MessagePlan& plan, const std::vector<const Node*>& ciphers) {
  Node stanza = Node("message")
                    .with("id", plan.id)
                    .with("type", message.attr("type").value_or("text"))
                    .with("t", state.now())
                    .with("edit", message.attr("edit"))
                    .with("category", message.attr("category"));
  if (!sender.account.push_name.empty()) stanza.set("notify", sender.account.push_name);
  address(stanza, state, sender, target, message, plan);

  bool begins_session = false;
  for (const Node* enc : ciphers) {
    stanza.add_child(*enc);
    begins_session = begins_session || enc->attr_is("type", "pkmsg");
  }
  for (const std::string_view tag : kCopiedChildren) {
    if (const Node* child = message.child(tag)) stanza.add_child(*child);
  }
  if (const Node* identity = message.child("device-identity"); identity != nullptr && begins_session)
    stanza.add_child(*identity);
  return stanza;
}

}  // namespace simulator
