#include "whatsapp/client/sync/app_state_stanzas.h"

#include <utility>

namespace whatsapp {

using app_state::Collection;
using app_state::CollectionState;
using binary::Jid;
using binary::Node;

namespace {

Node sync_iq(Node sync) {
  return Node("iq")
      .with("to", Jid::service())
      .with("type", "set")
      .with("xmlns", "w:sync:app:state")
      .add(std::move(sync));
}

void collect_patches(const Node& parent, std::vector<base::Bytes>& out) {
  for (const Node* patch : parent.children("patch"))
    if (!patch->bytes().empty()) out.push_back(base::to_bytes(patch->bytes()));
}

CollectionAnswer read_collection(const Node& node) {
  CollectionAnswer out;
  if (node.attr_is("type", "error")) {
    const Node* error = node.child("error");
    out.error_code = static_cast<int>(error != nullptr ? error->number("code").value_or(500) : 500);
  }
  const bool more = node.attr_is("has_more_patches", "true");
  out.reply =
      app_state::reply_of(out.error_code, more ? app_state::MorePatches::kYes : app_state::MorePatches::kNo);
  const auto version = node.number("version");
  if (version && *version >= 0) out.version = static_cast<std::uint64_t>(*version);
  if (const auto snapshot = node.child_bytes("snapshot")) out.snapshot = base::to_bytes(*snapshot);
  if (const Node* patches = node.child("patches")) collect_patches(*patches, out.patches);
  collect_patches(node, out.patches);
  return out;
}

}  // namespace

Node fetch_request(const std::map<Collection, CollectionState>& states) {
  Node sync("sync");
  for (const auto& [collection, state] : states) {
    Node node = Node("collection").with("name", to_string(collection));
    if (state.initialized) node.set("version", std::to_string(state.version));
    node.set("return_snapshot", state.initialized ? "false" : "true");
    sync.add_child(std::move(node));
  }
  return sync_iq(std::move(sync));
}

Node patch_request(Collection collection, const CollectionState& before, base::Bytes patch) {
  return sync_iq(Node("sync").add(Node("collection")
                                      .with("name", to_string(collection))
                                      .with("version", before.version)
                                      .with("return_snapshot", "false")
                                      .add(Node("patch").bytes(std::move(patch)))));
}

std::map<Collection, CollectionAnswer> read_sync_answer(const Node& answer) {
  std::map<Collection, CollectionAnswer> out;
  const Node* sync = answer.child("sync");
  if (sync == nullptr) return out;
  for (const Node* node : sync->children("collection"))
    if (const auto collection = app_state::collection_from(node->attr("name").value_or("")))
      out.insert_or_assign(*collection, read_collection(*node));
  return out;
}

}  // namespace whatsapp
