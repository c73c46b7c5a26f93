#include "whatsapp/client/pre_key_stanzas.h"

#include <algorithm>

#include "whatsapp/signal/keys.h"

namespace whatsapp {
namespace {

using binary::Node;

constexpr std::size_t kMostIds = 8'192;

Node encrypt_iq(std::string_view type) {
  return Node("iq").with("xmlns", "encrypt").with("type", type).with("to", binary::Jid::service());
}

Node bytes_node(std::string_view tag, base::ByteView content) { return Node(tag).bytes(content); }

Node id_node(std::uint32_t id) { return bytes_node("id", base::big_endian<3>(id)); }

Node key_node(const store::PreKeyRow& row) {
  return Node("key").add(id_node(row.key.id)).add(bytes_node("value", row.key.keys.public_key));
}

Node signed_key_node(const signal::SignedPreKey& key) {
  return Node("skey")
      .add(id_node(key.id))
      .add(bytes_node("value", key.keys.public_key))
      .add(bytes_node("signature", key.signature));
}

}  // namespace

Node pre_key_count_request() { return encrypt_iq("get").add(Node("count")); }

std::size_t pre_key_count(const Node& answer) {
  const auto* count = answer.child("count");
  if (count == nullptr) return 0;
  return static_cast<std::size_t>(std::max<std::int64_t>(count->number("value").value_or(0), 0));
}

Node pre_key_upload(const store::DeviceCredentials& credentials, std::span<const store::PreKeyRow> keys) {
  Node list("list");
  for (const auto& row : keys) list.add_child(key_node(row));
  const base::FixedBytes<1> type{signal::kKeyType};
  return encrypt_iq("set")
      .add(bytes_node("registration", base::big_endian<4>(credentials.registration_id)))
      .add(bytes_node("type", type))
      .add(bytes_node("identity", credentials.identity.public_key))
      .add(std::move(list))
      .add(signed_key_node(credentials.signed_pre_key));
}

Node signed_key_rotation(const signal::SignedPreKey& key) {
  return encrypt_iq("set").add(Node("rotate").add(signed_key_node(key)));
}

Node key_digest_request() { return encrypt_iq("get").add(Node("digest")); }

base::Result<KeyDigest> parse_key_digest(const Node& answer) {
  WA_TRY(const Node* digest, answer.require_child("digest"));
  WA_TRY(const base::ByteView hash, digest->require_child_bytes("hash"));
  WA_TRY(const Node* list, digest->require_child("list"));
  if (hash.size() != 20) return base::fail(base::ErrorCode::kMalformed, "a key digest has 20 bytes");
  if (list->children().size() > kMostIds)
    return base::fail(base::ErrorCode::kLimit, "a key digest over too many keys");
  KeyDigest parsed;
  parsed.hash = base::to_fixed<20>(hash);
  for (const Node& id : list->children()) {
    if (id.tag() != "id" || id.bytes().size() != 3)
      return base::fail(base::ErrorCode::kMalformed, "a pre-key id in a key digest has 3 bytes");
    parsed.pre_key_ids.push_back(static_cast<std::uint32_t>(base::read_big_endian(id.bytes())));
  }
  return parsed;
}

}  // namespace whatsapp
