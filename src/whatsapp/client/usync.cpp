#include "whatsapp/client/usync.h"

#include <algorithm>
#include <utility>

#include "whatsapp/pairing/key_index_list.h"

namespace whatsapp {
namespace {

using base::Result;
using binary::Jid;
using binary::Node;
using Device = store::DeviceListRow::Device;

/// An account has a handful of devices; more is nonsense.
constexpr std::size_t kMaxDevices = 256;

Node usync(Node query, Node list, std::string_view context, std::string_view sid) {
  Node usync = Node("usync")
                   .with("sid", sid)
                   .with("mode", "query")
                   .with("last", "true")
                   .with("index", "0")
                   .with("context", context)
                   .add(std::move(query))
                   .add(std::move(list));
  return Node("iq")
      .with("to", Jid::service())
      .with("type", "get")
      .with("xmlns", "usync")
      .add(std::move(usync));
}

std::string digits_of(std::string_view text) {
  if (text.ends_with("@c.us")) text.remove_suffix(5);
  std::string out;
  for (const char c : text)
    if (c >= '0' && c <= '9') out.push_back(c);
  return out;
}

/// "undefined" and the like are what the server writes for numbers it rejects.
std::optional<Jid> user_jid(const Node& node, std::string_view key) {
  const auto jid = node.jid(key);
  if (!jid || jid->user().empty() || jid->user() == "undefined") return std::nullopt;
  if (!jid->is_pn() && !jid->is_lid()) return std::nullopt;
  return jid->normalized();
}

UsyncUser::Registered registered(const Node& contact) {
  return contact.attr_is("type", "in") ? UsyncUser::Registered::kYes : UsyncUser::Registered::kNo;
}

/// The signed list says which key indexes are still linked. The server is trusted for it, as every client
/// does; what cannot be read filters nothing.
void drop_unlinked(const Node& devices, std::vector<Device>& list) {
  const auto bytes = devices.child_bytes("key-index-list");
  if (!bytes) return;
  const auto signed_list = pairing::SignedKeyIndexList::parse(*bytes);
  if (!signed_list) return;
  const auto indexes = pairing::KeyIndexList::parse(signed_list->details);
  if (!indexes) return;
  std::erase_if(list, [&](const Device& device) { return !indexes->allows(device.id, device.key_index); });
}

std::optional<std::vector<Device>> read_device_list(const Node& user) {
  const Node* devices = user.child("devices");
  if (devices == nullptr || devices->child("error") != nullptr) return std::nullopt;
  const Node* list = devices->child("device-list");
  if (list == nullptr) return std::nullopt;
  auto found = read_devices(*list);
  drop_unlinked(*devices, found);
  if (found.empty()) return std::nullopt;  // an empty list means: ask again, never: nobody there
  return found;
}

UsyncUser read_user(const Node& node) {
  UsyncUser user;
  user.jid = user_jid(node, "jid");
  user.pn_jid = user_jid(node, "pn_jid");
  if (const Node* lid = node.child("lid")) user.lid = user_jid(*lid, "val");
  for (const Node* contact : node.children("contact")) {
    user.registered = registered(*contact);
    user.contacts.push_back(digits_of(contact->text()));
  }
  user.devices = read_device_list(node);
  return user;
}

}  // namespace

Node device_query(const std::vector<Jid>& accounts, std::string_view sid) {
  Node list("list");
  for (const Jid& account : accounts) list.add_child(Node("user").with("jid", account));
  Node query = Node("query").add(Node("devices").with("version", "2")).add(Node("lid"));
  return usync(std::move(query), std::move(list), "message", sid);
}

Node number_query(std::string_view digits, std::string_view sid) {
  const std::string number = "+" + std::string{digits};
  Node list = Node("list").add(Node("user").add(Node("contact").text(number)));
  Node query = Node("query").add(Node("contact")).add(Node("lid"));
  return usync(std::move(query), std::move(list), "interactive", sid);
}

std::vector<Device> read_devices(const Node& list) {
  std::vector<Device> out;
  for (const Node* node : list.children("device")) {
    auto id = node->number("id");
    if (!id) {
      const auto jid = node->jid("jid");
      if (!jid || jid->user().empty()) continue;
      id = jid->device();
    }
    if (*id < 0 || *id > 0xFFFF || out.size() == kMaxDevices) continue;
    Device device;
    device.id = static_cast<std::uint16_t>(*id);
    device.key_index = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(node->number("key-index").value_or(0), 0, 0xFFFFFFFFLL));
    device.hosted = node->attr_is("is_hosted", "true") || device.id == binary::kHostedDevice;
    const bool known = std::ranges::any_of(out, [&](const Device& other) { return other.id == device.id; });
    if (!known) out.push_back(device);
  }
  return out;
}

Result<std::vector<UsyncUser>> read_usync(const Node& answer) {
  WA_TRY(const Node* usync, answer.require_child("usync"));
  WA_TRY(const Node* list, usync->require_child("list"));
  std::vector<UsyncUser> out;
  for (const Node* user : list->children("user")) out.push_back(read_user(*user));
  return out;
}

}  // namespace whatsapp
