#include "simulator/people/presence_desk.h"

namespace simulator {

bool PresenceDesk::is_available(const Account& account) const {
  const auto found = available_.find(&account);
  return found != available_.end() && !found->second.empty();
}

void PresenceDesk::on_presence(Session& session, Device& device, const Node& presence) {
  const std::string type = presence.attr("type").value_or("available");
  const auto to = presence.jid("to");
  if (type == "subscribe" || type == "unsubscribe") {
    const Account* account = to ? state_.directory.account(*to) : nullptr;
    if (account == nullptr) return;
    if (type == "unsubscribe") {
      watched_[session.id].erase(account);
      return;
    }
    watched_[session.id][account] = to->bare();
    show(session, *account, to->bare());
    return;
  }
  const bool available = type != "unavailable";
  device.visibility = available ? Device::Visibility::kAvailable : Device::Visibility::kUnavailable;
  if (const auto name = presence.attr("name"); name && !name->empty()) device.account.push_name = *name;
  announce(device, available);
}

void PresenceDesk::announce(Device& device, bool available) {
  const bool before = is_available(device.account);
  auto& devices = available_[&device.account];
  if (available) {
    devices.insert(device.id);
  } else {
    devices.erase(device.id);
  }
  if (before == is_available(device.account)) return;
  if (before) last_seen_[&device.account] = state_.now();
  tell_watchers(device.account);
}

void PresenceDesk::tell_watchers(const Account& account) {
  for (const auto& [id, accounts] : watched_) {
    const auto watched = accounts.find(&account);
    Session* watcher = state_.session(id);
    if (watched == accounts.end() || watcher == nullptr || watcher->device() == nullptr) continue;
    if (watcher->device()->visibility == Device::Visibility::kUnavailable) continue;
    show(*watcher, account, watched->second);
  }
}

void PresenceDesk::show(Session& watcher, const Account& account, const Jid& as) const {
  Node presence = Node("presence").with("from", as);
  if (is_available(account)) {
    watcher.send(std::move(presence).with("type", "available"));
    return;
  }
  const auto setting = account.privacy.find("last");
  const bool hidden = setting != account.privacy.end() && setting->second == "none";
  const auto seen = last_seen_.find(&account);
  std::string last = "none";
  if (seen != last_seen_.end()) last = std::to_string(seen->second);
  watcher.send(std::move(presence).with("type", "unavailable").with("last", hidden ? "deny" : last));
}

void PresenceDesk::on_chat_state(const Device& device, const Node& chat_state) {
  const auto to = chat_state.jid("to");
  if (!to) return;
  const auto pass_on = [&](const Account& target, const Node& stanza) {
    if (&target == &device.account) return;
    for (const auto& [id, receiver] : target.devices) {
      if (receiver->session != nullptr && receiver->visibility == Device::Visibility::kAvailable)
        receiver->session->send(stanza);
    }
  };
  Node stanza("chatstate");
  stanza.set_children(Node::Children(chat_state.children().begin(), chat_state.children().end()));
  if (const Group* group = state_.directory.group(*to)) {
    stanza.set("from", *to);
    stanza.set("participant", device.account.jid(group->addressing));
    for (const Member& member : group->members) pass_on(*member.account, stanza);
    return;
  }
  const Account* target = state_.directory.account(*to);
  if (target == nullptr) return;
  stanza.set("from", device.account.jid(addressing_of(*to)));
  pass_on(*target, stanza);
}

void PresenceDesk::on_closed(Session& session, Device& device) {
  watched_.erase(session.id);
  announce(device, false);
}

}  // namespace simulator
