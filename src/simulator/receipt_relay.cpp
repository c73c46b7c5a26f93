#include "simulator/receipt_relay.h"

namespace simulator {
namespace {

enum class Route { kAuthor, kAuthorAndOwn, kOwn, kDevice, kPhone, kNobody };

Route route_of(const Node& receipt) {
  const std::string type = receipt.attr("type").value_or("");
  if (type.empty() || type == "inactive") return Route::kAuthor;
  if (type == "read" || type == "played") return Route::kAuthorAndOwn;
  if (type == "read-self" || type == "played-self") return Route::kOwn;
  if (type == "retry" || type == "enc_rekey_retry" || type == "server-error") return Route::kDevice;
  if (type == "peer_msg" || type == "hist_sync") return Route::kPhone;
  return Route::kNobody;  // sender, view: news for the server only
}

}  // namespace

void ReceiptRelay::relay(Session& session, Device& sender, const Node& receipt) {
  ++state_.counters.receipts;
  const auto id = receipt.attr("id");
  const auto to = receipt.jid("to");
  if (!id || !to) {
    ++state_.counters.malformed;
    return;
  }
  delivery_.on_receipt(sender, receipt);
  session.send(Node("ack")
                   .with("class", "receipt")
                   .with("id", *id)
                   .with("from", *to)
                   .with("type", receipt.attr("type"))
                   .with("participant", receipt.jid("participant"))
                   .with("t", state_.now()));
  switch (route_of(receipt)) {
    case Route::kAuthor:
      to_author(sender, receipt, *to);
      break;
    case Route::kAuthorAndOwn:
      to_author(sender, receipt, *to);
      to_own_devices(sender, receipt, *to);
      break;
    case Route::kOwn:
      to_own_devices(sender, receipt, *to);
      break;
    case Route::kDevice:
      if (!receipt.attr_is("type", "server-error")) ++state_.counters.retry_receipts;
      to_device(sender, receipt, *to);
      break;
    case Route::kPhone:
      if (Device* phone = sender.account.device(0); phone != nullptr && phone != &sender)
        delivery_.deliver(*phone, stanza(sender, receipt, *to));
      break;
    case Route::kNobody:
      break;
  }
  state_.changed();
}

namespace {

/// Chats in which the author is named beside the chat.
bool has_participants(const Jid& chat) { return chat.is_group() || chat.server() == Server::kBroadcast; }

}  // namespace

/// `from` mirrors the addressing of `to`; in groups it is the group, and the sender its participant.
Node ReceiptRelay::stanza(Device& sender, const Node& receipt, const Jid& to) const {
  Node out = Node("receipt")
                 .with("id", receipt.attr("id"))
                 .with("type", receipt.attr("type"))
                 .with("t", receipt.attr("t").value_or(std::to_string(state_.now())));
  if (has_participants(to)) {
    const Group* group = state_.directory.group(to);
    const Addressing form = group == nullptr ? Addressing::kLid : group->addressing;
    out.set("from", to);
    out.set("participant", sender.account.jid(form, sender.id));
  } else {
    out.set("from", sender.account.jid(addressing_of(to), sender.id));
  }
  return std::move(out).add(Node::Children(receipt.children().begin(), receipt.children().end()));
}

void ReceiptRelay::to_author(Device& sender, const Node& receipt, const Jid& to) {
  const Jid author = has_participants(to) ? receipt.jid("participant").value_or(Jid{}) : to;
  Account* account = state_.directory.account(author);
  if (account == nullptr || account == &sender.account) return;
  const Node out = stanza(sender, receipt, to);
  for (const auto& [id, device] : account->devices) delivery_.deliver(*device, out);
}

void ReceiptRelay::to_own_devices(Device& sender, const Node& receipt, const Jid& to) {
  Node out = stanza(sender, receipt, to);
  const auto author = receipt.jid("participant");
  out.set("recipient", has_participants(to) && author ? *author : to.bare());
  for (const auto& [id, device] : sender.account.devices) {
    if (device.get() != &sender) delivery_.deliver(*device, out);
  }
}

void ReceiptRelay::to_device(Device& sender, const Node& receipt, const Jid& to) {
  const Jid addressed = has_participants(to) ? receipt.jid("participant").value_or(Jid{}) : to;
  Device* device = state_.directory.device(addressed);
  if (device == nullptr || device == &sender) return;
  Node out = stanza(sender, receipt, to);
  if (const auto recipient = receipt.jid("recipient")) out.set("recipient", *recipient);
  delivery_.deliver(*device, std::move(out));
}

}  // namespace simulator
