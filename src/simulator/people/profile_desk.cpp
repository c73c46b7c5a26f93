#include "simulator/people/profile_desk.h"

#include "base/encoding.h"
#include "crypto/hash.h"

namespace simulator {
namespace {

using Answer = base::Result<Node::Children>;

std::unexpected<base::Error> refuse(int code, std::string_view text) {
  return base::fail(base::ErrorCode::kRejected, std::string{text}, code);
}

std::string block_list_hash(const Account& account) {
  std::string joined;
  for (const std::string& jid : account.blocked) joined += jid + '\n';
  return base::to_base64(base::ByteView{crypto::sha256(base::as_bytes(joined))}.first(6));
}

}  // namespace

Node ProfileDesk::notification(std::string_view type, const Jid& from) {
  return Node("notification")
      .with("id", state_.next_id())
      .with("type", type)
      .with("from", from)
      .with("t", state_.now());
}

void ProfileDesk::tell_others(const Account& account, std::string_view type, const Node& change) {
  for (const Account* acquaintance : account.acquaintances) {
    for (const auto& [id, device] : acquaintance->devices)
      delivery_.deliver(*device, notification(type, account.lid()).add(change));
  }
}

void ProfileDesk::tell_own(const Device& changed_by, const Node& change) {
  for (const auto& [id, device] : changed_by.account.devices) {
    if (device.get() != &changed_by)
      delivery_.deliver(*device, notification("account_sync", changed_by.account.pn()).add(change));
  }
}

Answer ProfileDesk::picture(Device& device, const Node& iq) {
  if (iq.attr_is("type", "set")) return set_picture(device, iq);
  const auto target = iq.jid("target");
  const Node* asked = iq.child("picture");
  if (!target || asked == nullptr) return refuse(400, "bad-request");
  std::string id;
  if (const Group* group = state_.directory.group(*target)) {
    id = group->picture_id;
  } else if (const Account* account = state_.directory.account(*target)) {
    const auto setting = account->privacy.find("profile");
    if (account != &device.account && setting != account->privacy.end() && setting->second == "none")
      return refuse(401, "not-authorized");
    id = account->profile.picture_id;
  }
  if (id.empty()) return refuse(404, "item-not-found");
  if (asked->attr_is("id", id)) return Node::Children{Node("picture").with("status", 304)};
  const std::string path = "/v/picture-" + id + ".jpg";
  return Node::Children{Node("picture")
                            .with("id", id)
                            .with("type", asked->attr("type").value_or("image"))
                            .with("direct_path", path)
                            .with("url", "https://localhost" + path + "?oe=7FFFFFFF")};
}

Answer ProfileDesk::set_picture(Device& device, const Node& iq) {
  const auto bytes = iq.child_bytes("picture");
  const bool removed = !bytes || bytes->empty();
  const std::string id = removed ? std::string{} : std::to_string(1'700'000'000 + next_picture_++);
  const auto target = iq.jid("target");
  Node change(removed ? "delete" : "set");
  if (!removed) change.set("id", id);
  if (Group* group = target ? state_.directory.group(*target) : nullptr) {
    if (group->member(device.account) == nullptr) return refuse(403, "forbidden");
    group->picture_id = id;
    change.set("jid", group->jid);
    change.set("author", device.account.jid(group->addressing));
    for (const Member& member : group->members) {
      for (const auto& [number, other_device] : member.account->devices)
        delivery_.deliver(*other_device, notification("picture", group->jid).add(change));
    }
  } else {
    Profile& profile = device.account.profile;
    profile.picture_id = id;
    profile.picture = base::to_bytes(bytes.value_or(base::ByteView{}));
    change.set("jid", device.account.lid());
    tell_others(device.account, "picture", change);
    tell_own(device, Node("picture"));
  }
  if (removed) return Node::Children{};
  return Node::Children{Node("picture").with("id", id)};
}

void ProfileDesk::set_about(Account& account, std::string text) {
  account.profile.about = std::move(text);
  account.profile.about_at = state_.now();
  tell_others(account, "status", Node("set").text(account.profile.about));
}

/// xmlns `status`: the about text, and who may see status posts.
Answer ProfileDesk::about(Device& device, const Node& iq) {
  if (iq.child("privacy") != nullptr) {
    return Node::Children{Node("privacy")
                              .add(Node("list").with("type", "contacts").with("default", "true"))
                              .add(Node("list").with("type", "blacklist"))
                              .add(Node("list").with("type", "whitelist"))};
  }
  const Node* text = iq.child("status");
  if (text == nullptr || !iq.attr_is("type", "set")) return refuse(400, "bad-request");
  set_about(device.account, std::string{text->text()});
  tell_own(device, Node("status"));
  return Node::Children{};
}

Answer ProfileDesk::business(Device& device, const Node& iq) {
  const Node* asked = iq.child("business_profile");
  const Node* named = asked == nullptr ? nullptr : asked->child("profile");
  if (named == nullptr) return Node::Children{};
  const auto jid = named->jid("jid");
  const Account* account = jid ? state_.directory.account(*jid) : &device.account;
  Node answer("business_profile");
  if (account != nullptr && !account->profile.business_name.empty()) {
    answer.add_child(Node("profile")
                         .with("jid", *jid)
                         .add(Node("description").text(account->profile.business_name))
                         .add(Node("email").text("shop@example.org")));
  }
  return Node::Children{std::move(answer)};
}

Answer ProfileDesk::disappearing(Device& device, const Node& iq) {
  const Node* mode = iq.child("disappearing_mode");
  if (mode == nullptr) return refuse(400, "bad-request");
  device.account.profile.ephemeral_s = static_cast<std::uint32_t>(mode->number("duration").value_or(0));
  device.account.profile.ephemeral_at = state_.now();
  const Node change = Node("disappearing_mode")
                          .with("duration", device.account.profile.ephemeral_s)
                          .with("t", device.account.profile.ephemeral_at);
  tell_others(device.account, "disappearing_mode", change);
  tell_own(device, change);
  return Node::Children{};
}

/// The contacts that a setting leaves out; only in the LID form.
Answer ProfileDesk::deny_list(const Account&, const Node& list) const {
  return Node::Children{Node("privacy").add(
      Node("list").with("name", list.attr("name")).with("value", list.attr("value")).with("dhash", "none"))};
}

Answer ProfileDesk::privacy(Device& device, const Node& iq) {
  Account& account = device.account;
  if (const Node* tokens = iq.child("tokens")) {
    tokens_.issue(account, *tokens);
    return Node::Children{};
  }
  const Node* settings = iq.child("privacy");
  if (settings == nullptr) return refuse(400, "bad-request");
  if (const Node* list = settings->child("list")) {
    if (!settings->attr_is("addressing_mode", "lid")) return refuse(400, "bad-request");
    return deny_list(account, *list);
  }
  Node answer("privacy");
  if (iq.attr_is("type", "set")) {
    for (const Node* category : settings->children("category")) {
      const auto name = category->attr("name");
      const auto value = category->attr("value");
      if (!name || !value) return refuse(400, "bad-request");
      account.privacy[*name] = *value;
      const Node changed = Node("category").with("name", *name).with("value", *value);
      answer.add_child(changed);
      tell_own(device, Node("privacy").add(changed));
    }
    return Node::Children{std::move(answer)};
  }
  for (const auto& [name, value] : account.privacy)
    answer.add_child(Node("category").with("name", name).with("value", value));
  return Node::Children{std::move(answer)};
}

/// Blocked accounts are kept and named by their LID.
Answer ProfileDesk::blocklist(Device& device, const Node& iq) {
  Account& account = device.account;
  if (const Node* item = iq.child("item")) {
    const auto jid = item->jid("jid");
    const Account* target = jid ? state_.directory.account(*jid) : nullptr;
    if (target == nullptr) return refuse(400, "bad-request");
    const std::string before = block_list_hash(account);
    const std::string name = target->lid().to_string();
    const bool blocks = !item->attr_is("action", "unblock");
    if (blocks) {
      account.blocked.insert(name);
    } else {
      account.blocked.erase(name);
    }
    tell_own(device,
             Node("blocklist")
                 .with("action", "modify")
                 .with("prev_dhash", before)
                 .with("dhash", block_list_hash(account))
                 .add(Node("item").with("jid", target->lid()).with("action", blocks ? "block" : "unblock")));
  }
  Node list = Node("list").with("dhash", block_list_hash(account));
  for (const std::string& blocked : account.blocked) {
    if (auto jid = Jid::parse(blocked)) list.add_child(Node("item").with("jid", *std::move(jid)));
  }
  return Node::Children{std::move(list)};
}

}  // namespace simulator
