#include "whatsapp/client/lid_changes.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "whatsapp/client/lid_map.h"

namespace whatsapp {
namespace {

using binary::Jid;
using binary::Node;

/// A mex notification is small; more is not read.
constexpr std::size_t kMaxJson = 64 * 1024;

void add_pair(const Node& node, std::string_view first, std::string_view second,
              std::vector<store::LidMapping>& out) {
  const auto a = node.jid(first);
  const auto b = node.jid(second);
  if (!a || !b) return;
  if (auto pair = pair_of(a->normalized(), b->normalized())) out.push_back(*std::move(pair));
}

/// Members of groups are named in the group's form; the other one stands beside it.
void add_members(const Node& notification, std::vector<store::LidMapping>& out) {
  for (const Node& change : notification.children())
    for (const Node* member : change.children("participant")) {
      add_pair(*member, "jid", "phone_number", out);
      add_pair(*member, "jid", "lid", out);
    }
}

std::optional<std::string> lid_user(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const auto jid = Jid::parse(found->get_ref<const std::string&>());
  if (!jid || !jid->is_lid() || jid->user().empty()) return std::nullopt;
  return std::string{jid->user()};
}

void read_change(std::string_view text, std::vector<LidChange>& out) {
  if (text.size() > kMaxJson) return;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("data") || !json["data"].is_object()) return;
  const auto& data = json["data"];
  const auto change = data.find("xwa2_notify_lid_change");
  if (change == data.end() || !change->is_object()) return;
  const auto old_lid = lid_user(*change, "old");
  const auto new_lid = lid_user(*change, "new");
  if (old_lid && new_lid && *old_lid != *new_lid) out.push_back({*old_lid, *new_lid});
}

}  // namespace

std::vector<store::LidMapping> pairs_of_notification(const Node& notification) {
  std::vector<store::LidMapping> out;
  add_pair(notification, "from", "lid", out);
  add_pair(notification, "from", "sender_lid", out);
  add_pair(notification, "participant", "participant_pn", out);
  if (notification.attr_is("type", "w:gp2")) add_members(notification, out);
  if (!notification.attr_is("type", "contacts")) return out;
  for (const Node* change : notification.children("modify")) {
    add_pair(*change, "old", "old_lid", out);  // first: the new pair is learned last, and wins
    add_pair(*change, "new", "new_lid", out);
  }
  return out;
}

std::vector<LidChange> lid_changes_of(const Node& notification) {
  std::vector<LidChange> out;
  if (!notification.attr_is("type", "mex")) return out;
  for (const Node& child : notification.children())
    if (child.tag() == "update" || child.tag() == "mex") read_change(child.text(), out);
  return out;
}

}  // namespace whatsapp
