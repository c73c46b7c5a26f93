#include "simulator/control/stanza_json.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "whatsapp/message/utf8.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using nlohmann::json;
using whatsapp::binary::AttributeValue;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;

constexpr int kMaxDepth = 20;

Result<AttributeValue> attribute_from(const json& value) {
  if (value.is_object() && value.contains("text")) return value.at("text").get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<std::int64_t>());
  if (!value.is_string()) return fail(ErrorCode::kInvalidArgument, "an attribute is a text or a number");
  const auto text = value.get<std::string>();
  if (text.find('@') == std::string::npos) return text;
  auto jid = Jid::parse(text);
  if (!jid) return text;
  return *std::move(jid);
}

Result<Node> stanza_at(const json& value, int depth);

Result<Node::Children> children_at(const json& list, int depth) {
  Node::Children children;
  for (const json& child : list) {
    WA_TRY(Node node, stanza_at(child, depth + 1));
    children.push_back(std::move(node));
  }
  return children;
}

Result<Node> stanza_at(const json& value, int depth) {
  if (depth > kMaxDepth) return fail(ErrorCode::kInvalidArgument, "too deep");
  if (!value.is_object() || !value.contains("tag"))
    return fail(ErrorCode::kInvalidArgument, "a stanza is {tag, attrs, content}");
  Node node(value.at("tag").get<std::string>());
  const json attributes = value.value("attrs", json::object());
  for (const auto& [key, content] : attributes.items()) {
    WA_TRY(AttributeValue attribute, attribute_from(content));
    node.set(key, std::move(attribute));
  }
  const json content = value.value("content", json{});
  if (content.is_string()) node.set_bytes(base::to_bytes(base::as_bytes(content.get<std::string>())));
  if (content.is_object()) {
    WA_TRY(base::Bytes bytes, base::from_base64(content.value("base64", std::string{})));
    node.set_bytes(std::move(bytes));
  }
  if (content.is_array()) {
    WA_TRY(Node::Children children, children_at(content, depth));
    node.set_children(std::move(children));
  }
  return node;
}

json content_json(const Node& stanza) {
  if (!stanza.children().empty()) return to_json(stanza.children());
  if (stanza.bytes().empty()) return {};
  const std::string text{stanza.text()};
  if (whatsapp::message::to_valid_utf8(text) == text) return text;
  return {{"base64", base::to_base64(stanza.bytes())}};
}

}  // namespace

Result<Node> stanza_from(const json& value) { return stanza_at(value, 0); }
Result<Node::Children> stanzas_from(const json& list) { return children_at(list, 0); }

json to_json(const Node& stanza) {
  json attributes = json::object();
  for (const auto& [key, value] : stanza.attributes()) attributes[key] = whatsapp::binary::to_text(value);
  json value{{"tag", stanza.tag()}, {"attrs", std::move(attributes)}};
  if (json content = content_json(stanza); !content.is_null()) value["content"] = std::move(content);
  return value;
}

json to_json(std::span<const Node> stanzas) {
  json list = json::array();
  for (const Node& stanza : stanzas) list.push_back(to_json(stanza));
  return list;
}

}  // namespace simulator
