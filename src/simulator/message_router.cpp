#include "simulator/message_router.h"

#include <algorithm>

#include "simulator/message_plan.h"
#include "whatsapp/message/phash.h"

namespace simulator {
namespace {

/// Messages remembered for recognising repeats; the oldest are forgotten.
constexpr std::size_t kMaxSeen = 100'000;
bool is_resend(const Node& enc) { return enc.has_attr("count"); }

}  // namespace

void MessageRouter::route(Session& session, Device& sender, const Node& message) {
  MessagePlan plan;
  int code = refusal(sender, message, plan);
  if (const auto fault = state_.take_fault_for(sender, Fault::Kind::kAckError, plan.to.to_string()))
    code = fault->code;
  if (code != 0) {
    send_ack(session, sender,
             Node("ack")
                 .with("class", "message")
                 .with("id", message.attr("id").value_or(""))
                 .with("from", plan.to.empty() ? Jid::service() : plan.to)
                 .with("t", state_.now())
                 .with("error", code));
    return;
  }
  collect_ciphers(message, plan);
  watch_ciphers(sender, plan);
  ++state_.counters.messages;
  ++sender.messages_in;

  const std::string key = sender.account.pn_user + '|' + plan.to.to_string() + '|' + plan.id;
  const bool repeated = seen_.contains(key);
  Seen& seen = remember(key);
  if (repeated) {
    ++state_.counters.repeated_messages;
  } else {
    seen.ack = ack_for(sender, message, plan);
  }
  const Node ack = seen.ack;
  deliver(sender, message, plan, seen);
  send_ack(session, sender, ack);
  state_.changed();
}

int MessageRouter::refusal(Device& sender, const Node& message, MessagePlan& plan) const {
  const auto id = message.attr("id");
  const auto to = message.jid("to");
  if (to) plan.to = *to;
  if (!id || id->empty() || !to || !message.has_attr("type")) return 479;
  const bool peer = message.attr_is("category", "peer");
  if (peer && message.child("tctoken") != nullptr) return 479;
  if (message.child("biz") != nullptr && message.attr_is("type", "media")) return 479;
  plan.id = *id;
  if (to->is_group()) return refuse_group(sender, message, plan);
  if (to->is_status() || to->is_broadcast_list()) {
    plan.chat = MessagePlan::Chat::kBroadcast;
    plan.form = Addressing::kLid;
    const Node* meta = message.child("meta");
    const bool takes_back = message.attr_is("type", "reaction") || message.attr_is("edit", "7");
    if (takes_back && meta != nullptr && meta->has_attr("status_setting")) return 479;
    if (const auto participant = message.jid("participant")) return address_one(*participant, plan);
    choose_audience(sender, message, plan);
    return 0;
  }
  plan.form = addressing_of(*to);
  plan.recipient = state_.directory.account(*to);
  if (plan.recipient == nullptr) return 404;
  const Node* bare = message.child("enc");
  if (peer || message.attr_is("device_fanout", "false") || (bare != nullptr && is_resend(*bare))) {
    Device* addressed = plan.recipient->device(to->device());
    if (addressed == nullptr) return 404;
    plan.targets = {addressed};
    plan.spread = MessagePlan::Spread::kDirected;
    return 0;
  }
  if (const int code = tokens_.refusal(sender.account, *plan.recipient, message); code != 0) return code;
  choose_person(sender, *plan.recipient, plan);
  return 0;
}

int MessageRouter::refuse_group(Device& sender, const Node& message, MessagePlan& plan) const {
  plan.chat = MessagePlan::Chat::kGroup;
  plan.group = state_.directory.group(plan.to);
  if (plan.group == nullptr) return 404;
  plan.form = plan.group->addressing;
  if (plan.group->member(sender.account) == nullptr) return 403;
  if (plan.group->rules.announcement && !plan.group->is_admin(sender.account) &&
      !message.attr_is("type", "reaction"))
    return 403;
  if (const auto mode = message.attr("addressing_mode");
      mode && (*mode == "lid") != (plan.form == Addressing::kLid))
    return 421;
  if (const auto participant = message.jid("participant")) return address_one(*participant, plan);
  choose_group(sender, *plan.group, plan);
  return 0;
}

/// An answer to a retry receipt: for the device that asked.
int MessageRouter::address_one(const Jid& participant, MessagePlan& plan) const {
  Device* addressed = state_.directory.device(participant);
  if (addressed == nullptr) return 404;
  plan.targets = {addressed};
  plan.spread = MessagePlan::Spread::kDirected;
  return 0;
}

/// Whoever is named, with a ciphertext or without, and the sender's own devices.
void MessageRouter::choose_audience(const Device& sender, const Node& message, MessagePlan& plan) const {
  std::vector<const Account*> audience{&sender.account};
  if (const Node* participants = message.child("participants")) {
    for (const Node* to : participants->children("to")) {
      const auto jid = to->jid("jid");
      const Account* account = jid ? state_.directory.account(*jid) : nullptr;
      if (account != nullptr && std::ranges::find(audience, account) == audience.end())
        audience.push_back(account);
    }
  }
  for (const Account* account : audience) {
    for (const auto& [id, device] : account->devices) {
      if (device.get() != &sender) plan.targets.push_back(device.get());
    }
  }
}

void MessageRouter::choose_person(Device& sender, Account& recipient, MessagePlan& plan) const {
  const bool shut_out = recipient.blocked.contains(sender.account.lid().to_string());
  for (const auto& [id, device] : recipient.devices) {
    if (device.get() != &sender && !shut_out) plan.targets.push_back(device.get());
  }
  if (&recipient == &sender.account) return;
  sender.account.wrote_to.insert(&recipient);
  for (const auto& [id, device] : sender.account.devices) {
    if (device.get() != &sender) plan.targets.push_back(device.get());
  }
  recipient.acquaintances.insert(&sender.account);
  sender.account.acquaintances.insert(&recipient);
}

void MessageRouter::choose_group(const Device& sender, const Group& group, MessagePlan& plan) const {
  for (const Member& member : group.members) {
    for (const auto& [id, device] : member.account->devices) {
      if (device.get() != &sender) plan.targets.push_back(device.get());
    }
  }
}

void MessageRouter::collect_ciphers(const Node& message, MessagePlan& plan) {
  for (const Node* enc : message.children("enc")) {
    plan.shared_ciphers.push_back(enc);
    if (enc->attr_is("type", "skmsg")) ++state_.counters.skmsgs;
  }
  const Node* participants = message.child("participants");
  if (participants == nullptr) return;
  for (const Node* to : participants->children("to")) {
    const auto jid = to->jid("jid");
    const Device* device = jid ? state_.directory.device(*jid) : nullptr;
    if (device == nullptr || std::ranges::find(plan.targets, device) == plan.targets.end()) {
      ++state_.counters.dropped_encs;
      continue;
    }
    for (const Node* enc : to->children("enc")) {
      plan.own_ciphers[device].push_back(enc);
      if (plan.chat != MessagePlan::Chat::kPerson) ++state_.counters.sender_key_shares;
    }
  }
}

void MessageRouter::watch_ciphers(const Device& sender, const MessagePlan& plan) {
  const auto watch = [&](const Node& enc) {
    const std::string type = enc.attr("type").value_or("");
    if (type != "msg" && type != "pkmsg") return;
    const auto verdict = ciphers_.note(type, enc.bytes());
    const std::string device = sender.account.pn(sender.id).to_string();
    if (verdict == CipherWatch::Verdict::kReused) state_.report(device, "counter_reuse", plan.id);
    if (verdict == CipherWatch::Verdict::kUnreadable) state_.report(device, "unreadable_cipher", plan.id);
  };
  for (const auto& [device, encs] : plan.own_ciphers) {
    for (const Node* enc : encs) watch(*enc);
  }
  for (const Node* enc : plan.shared_ciphers) watch(*enc);
}

Node MessageRouter::ack_for(Device& sender, const Node& message, const MessagePlan& plan) {
  Node ack =
      Node("ack").with("class", "message").with("id", plan.id).with("from", plan.to).with("t", state_.now());
  if (plan.group != nullptr)
    ack.set("addressing_mode", std::string{plan.form == Addressing::kLid ? "lid" : "pn"});
  if (plan.spread == MessagePlan::Spread::kDirected || plan.chat == MessagePlan::Chat::kBroadcast) return ack;

  std::vector<Jid> devices{sender.account.jid(plan.form, sender.id)};
  for (const Device* device : plan.targets) devices.push_back(device->account.jid(plan.form, device->id));
  const std::string ours = whatsapp::message::participant_hash(devices);
  std::string theirs = ours;
  if (plan.group != nullptr) {
    theirs = message.attr("phash").value_or(ours);
  } else if (plan.shared_ciphers.empty()) {
    const bool complete =
        std::ranges::all_of(plan.targets, [&](Device* device) { return plan.own_ciphers.contains(device); });
    if (!complete) theirs.clear();
  }
  if (theirs != ours) {
    ++state_.counters.phash_mismatches;
    ack.set("phash", ours);
  }
  if (state_.take_fault(sender, Fault::Kind::kWrongPhash)) ack.set("phash", std::string{"2:AAAAAAAA"});
  return ack;
}

void MessageRouter::deliver(Device& sender, const Node& message, const MessagePlan& plan, Seen& seen) {
  for (Device* target : plan.targets) {
    std::vector<const Node*> ciphers;
    if (const auto own = plan.own_ciphers.find(target); own != plan.own_ciphers.end()) ciphers = own->second;
    const bool shared = plan.chat != MessagePlan::Chat::kPerson ||
                        plan.spread == MessagePlan::Spread::kDirected ||
                        (target->id == 0 && &target->account == plan.recipient);
    if (shared) ciphers.insert(ciphers.end(), plan.shared_ciphers.begin(), plan.shared_ciphers.end());
    if (ciphers.empty()) continue;  // the sender did not know of this device
    const bool resend = std::ranges::any_of(ciphers, [](const Node* enc) { return is_resend(*enc); });
    if (!resend && !seen.served.insert(target).second) continue;
    delivery_.deliver(*target, stanza_for(state_, sender, *target, message, plan, ciphers));
  }
}

void MessageRouter::send_ack(Session& session, Device& sender, const Node& ack) {
  if (state_.take_fault(sender, Fault::Kind::kDropAck)) return;
  if (state_.take_fault(sender, Fault::Kind::kCloseBeforeAck)) {
    state_.end(session.id, std::nullopt);
    return;
  }
  if (const auto fault = state_.take_fault(sender, Fault::Kind::kDelayAck)) {
    state_.timers.after(fault->delay, [this, id = session.id, ack] {
      if (Session* still_there = state_.session(id)) still_there->send(ack);
    });
    return;
  }
  session.send(ack);
  if (state_.take_fault(sender, Fault::Kind::kDoubleAck)) session.send(ack);
}

MessageRouter::Seen& MessageRouter::remember(const std::string& key) {
  const auto [entry, fresh] = seen_.try_emplace(key);
  if (fresh) {
    seen_order_.push_back(key);
    if (seen_order_.size() > kMaxSeen) {
      seen_.erase(seen_order_.front());
      seen_order_.pop_front();
    }
  }
  return entry->second;
}

}  // namespace simulator
