#include "simulator/delivery.h"

#include <algorithm>

namespace simulator {
namespace {

Node info(Node child) { return Node("ib").with("from", Jid::service()).add(std::move(child)); }

/// The same stanza with one bit of each ciphertext turned.
Node corrupted(const Node& stanza) {
  Node copy = stanza;
  Node::Children children = copy.take_children();
  for (Node& child : children) {
    if (child.tag() != "enc" || child.bytes().empty()) continue;
    base::Bytes bytes = base::to_bytes(child.bytes());
    // The last bytes of a pkmsg are key ids, which mean nothing inside a session that stands already: the
    // tenth from the end lies in the MAC of the message it wraps, and in the ciphertext of a plain one.
    bytes[bytes.size() - std::min<std::size_t>(bytes.size(), 10)] ^= 0x01;
    child.set_bytes(std::move(bytes));
  }
  return std::move(copy).add(std::move(children));
}

/// The same stanza with its ciphertexts withheld.
Node withheld(const Node& stanza) {
  Node copy = stanza;
  Node::Children children = copy.take_children();
  std::erase_if(children, [](const Node& child) { return child.tag() == "enc"; });
  children.emplace_back("unavailable");
  return std::move(copy).add(std::move(children));
}

}  // namespace

std::vector<std::string> receipt_ids(const Node& receipt) {
  std::vector<std::string> ids;
  if (auto id = receipt.attr("id")) ids.push_back(*std::move(id));
  if (const Node* list = receipt.child("list")) {
    for (const Node& item : list->children()) {
      if (auto id = item.attr("id")) ids.push_back(*std::move(id));
    }
  }
  return ids;
}

void Delivery::deliver(Device& device, Node stanza) {
  const bool message = stanza.tag() == "message";
  OutboxEntry& entry = device.outbox.push(std::move(stanza));
  Session* session = device.session;
  if (session == nullptr || session->login()->stage != Login::Stage::kLive) return;
  if (message && state_.take_fault(device, Fault::Kind::kReorder)) return;  // goes out behind the next one
  write(device, entry);
  write_waiting(device);
}

void Delivery::write(Device& device, OutboxEntry& entry) {
  device.outbox.mark_written(entry);
  const bool message = entry.stanza.tag() == "message";
  Node stanza = entry.stanza;
  if (entry.origin == OutboxEntry::Origin::kOffline) stanza.set("offline", std::string{"0"});
  if (message && state_.take_fault(device, Fault::Kind::kUnavailable)) stanza = withheld(stanza);
  if (message && state_.take_fault(device, Fault::Kind::kCorrupt)) stanza = corrupted(stanza);
  int copies = 1;
  if (message) {
    if (const auto fault = state_.take_fault(device, Fault::Kind::kDuplicate)) ++copies;
    device.messages_out += static_cast<std::uint64_t>(copies);
  }
  for (int i = 0; i < copies; ++i) {
    ++state_.counters.deliveries;
    device.session->send(stanza);
  }
}

void Delivery::write_waiting(Device& device) {
  if (device.outbox.waiting() == 0) return;
  for (OutboxEntry& entry : device.outbox.entries()) {
    if (device.session == nullptr) return;
    if (entry.state == OutboxEntry::State::kWaiting) write(device, entry);
  }
}

void Delivery::activate(Session& session) {
  Login& login = *session.login();
  if (login.stage != Login::Stage::kPassive) return;
  Device& device = *login.device;
  device.outbox.rewind();
  const OutboxCounts counts = device.outbox.counts();
  login.replay_total = counts.total();
  if (login.replay_total == 0) {
    finish_replay(session);
    return;
  }
  login.stage = Login::Stage::kReplaying;
  session.send(info(Node("offline_preview")
                        .with("count", counts.total())
                        .with("message", counts.message)
                        .with("notification", counts.notification)
                        .with("receipt", counts.receipt)
                        .with("appdata", 0)));
  arm_replay_timer(session);
}

void Delivery::on_batch_request(Session& session, std::size_t count) {
  Login* login = session.login();
  if (login == nullptr || login->stage != Login::Stage::kReplaying) return;
  login->slice = std::clamp<std::size_t>(count, 1, 1000);
  if (login->batch == Login::BatchRequest::kMade) return;
  login->batch = Login::BatchRequest::kMade;
  write_slice(session);
}

void Delivery::arm_replay_timer(Session& session) {
  Login& login = *session.login();
  state_.timers.cancel(login.replay_timer);
  login.replay_timer = state_.timers.after(state_.settings.offline_batch_wait, [this, id = session.id] {
    if (Session* still_there = state_.session(id)) write_slice(*still_there);
  });
}

void Delivery::write_slice(Session& session) {
  Login& login = *session.login();
  if (login.stage != Login::Stage::kReplaying) return;
  login.slice_open = 0;
  bool more = false;
  for (OutboxEntry& entry : login.device->outbox.entries()) {
    if (entry.origin != OutboxEntry::Origin::kOffline) break;
    if (entry.state != OutboxEntry::State::kWaiting) continue;
    if (login.slice_open == login.slice) {
      more = true;
      break;
    }
    ++login.slice_open;
    write(*login.device, entry);
  }
  if (more) {
    arm_replay_timer(session);
  } else {
    finish_replay(session);
  }
}

void Delivery::finish_replay(Session& session) {
  Login& login = *session.login();
  state_.timers.cancel(login.replay_timer);
  login.stage = Login::Stage::kLive;
  session.send(info(Node("offline").with("count", login.replay_total)));
  write_waiting(*login.device);
}

void Delivery::consumed(Device& device) {
  state_.changed();
  if (device.session == nullptr) return;
  Login& login = *device.session->login();
  if (login.stage != Login::Stage::kReplaying || login.slice_open == 0) return;
  if (--login.slice_open == 0) write_slice(*device.session);
}

void Delivery::on_ack(Device& device, const Node& ack) {
  const auto kind = ack.attr("class");
  const auto id = ack.attr("id");
  if (!kind || !id) return;
  const auto acked = device.outbox.consume(*kind, *id);
  if (!acked) return;
  if (ack.jid("to") != acked->jid("from") || ack.jid("participant") != acked->jid("participant"))
    state_.report(device.account.pn(device.id).to_string(), "ack_mismatch", *kind + ' ' + *id);
  consumed(device);
}

void Delivery::on_receipt(Device& device, const Node& receipt) {
  if (receipt.attr_is("type", "retry")) return;
  for (const std::string_view tag : {"offer", "accept", "reject", "enc_rekey"}) {
    if (receipt.child(tag) == nullptr) continue;
    if (device.outbox.consume("call", receipt.attr("id").value_or(""))) consumed(device);
    return;
  }
  for (const std::string& id : receipt_ids(receipt)) {
    if (device.outbox.consume_message(id)) consumed(device);
  }
}

void Delivery::on_closed(Session& session) {
  Login* login = session.login();
  if (login == nullptr) return;
  state_.timers.cancel(login->replay_timer);
  login->device->outbox.rewind();
}

}  // namespace simulator
