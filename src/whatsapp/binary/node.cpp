#include "whatsapp/binary/node.h"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

namespace whatsapp::binary {
namespace {

auto missing(const Node& node, std::string_view kind, std::string_view name) {
  std::string sentence = "<";
  sentence.append(node.tag()).append("> without ").append(kind).append(" ").append(name);
  return base::fail(base::ErrorCode::kMalformed, std::move(sentence));
}

/// A decimal number, with a minus sign perhaps, and nothing else.
std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has_repeated_key(const std::vector<Attribute>& attributes) {
  // Comparing all pairs is fastest for real nodes; a hostile one may have 32 767 attributes.
  constexpr std::size_t kFew = 16;
  if (attributes.size() <= kFew) {
    for (auto one = attributes.begin(); one != attributes.end(); ++one)
      if (std::any_of(one + 1, attributes.end(),
                      [&](const Attribute& other) { return other.key == one->key; }))
        return true;
    return false;
  }
  std::vector<std::string_view> keys;
  keys.reserve(attributes.size());
  for (const Attribute& attribute : attributes) keys.emplace_back(attribute.key);
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

void keep_last_of_each_key(std::vector<Attribute>& attributes) {
  std::unordered_set<std::string> seen;
  std::vector<Attribute> kept;
  for (auto attribute = attributes.rbegin(); attribute != attributes.rend(); ++attribute)
    if (seen.insert(attribute->key).second) kept.push_back(std::move(*attribute));
  std::ranges::reverse(kept);
  attributes = std::move(kept);
}

bool same_content(const Node& a, const Node& b) {
  if (std::holds_alternative<base::Bytes>(a.content()) || std::holds_alternative<base::Bytes>(b.content()))
    return a.content() == b.content();
  return std::ranges::equal(a.children(), b.children());
}

}  // namespace

std::string to_text(const AttributeValue& value) {
  if (const auto* jid = std::get_if<Jid>(&value)) return jid->to_string();
  return std::get<std::string>(value);
}

Node& Node::set(std::string_view key, AttributeValue value) {
  const auto found = std::ranges::find(attributes_, key, &Attribute::key);
  if (found == attributes_.end()) {
    attributes_.push_back({std::string{key}, std::move(value)});
  } else {
    found->value = std::move(value);
  }
  return *this;
}

Node& Node::add_child(Node child) {
  if (!std::holds_alternative<Children>(content_)) content_.emplace<Children>();
  std::get<Children>(content_).push_back(std::move(child));
  return *this;
}

Node&& Node::add(Children children) && {
  if (auto* own = std::get_if<Children>(&content_); own != nullptr && !own->empty()) {
    own->insert(own->end(), std::make_move_iterator(children.begin()),
                std::make_move_iterator(children.end()));
  } else {
    content_ = std::move(children);
  }
  return std::move(*this);
}

Node& Node::set_attributes(std::vector<Attribute> attributes) {
  attributes_ = std::move(attributes);
  if (has_repeated_key(attributes_)) keep_last_of_each_key(attributes_);
  return *this;
}

Node& Node::set_children(Children children) {
  content_ = std::move(children);
  return *this;
}

Node& Node::set_bytes(base::Bytes bytes) {
  content_ = std::move(bytes);
  return *this;
}

const AttributeValue* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(attributes_, key, &Attribute::key);
  return found == attributes_.end() ? nullptr : &found->value;
}

std::optional<std::string> Node::attr(std::string_view key) const {
  const AttributeValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  return to_text(*value);
}

bool Node::attr_is(std::string_view key, std::string_view expected) const {
  const AttributeValue* value = find(key);
  if (value == nullptr) return false;
  if (const auto* text = std::get_if<std::string>(value)) return *text == expected;
  return to_text(*value) == expected;
}

std::optional<Jid> Node::jid(std::string_view key) const {
  const AttributeValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* jid = std::get_if<Jid>(value)) return *jid;
  auto parsed = Jid::parse(std::get<std::string>(*value));
  if (!parsed) return std::nullopt;
  return *std::move(parsed);
}

std::optional<std::int64_t> Node::number(std::string_view key) const {
  const AttributeValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  return parse_number(to_text(*value));
}

const Node* Node::child(std::string_view tag) const {
  for (const Node& node : children())
    if (node.tag() == tag) return &node;
  return nullptr;
}

std::span<const Node> Node::children() const {
  const auto* nodes = std::get_if<Children>(&content_);
  return nodes == nullptr ? std::span<const Node>{} : std::span<const Node>{*nodes};
}

std::vector<const Node*> Node::children(std::string_view tag) const {
  std::vector<const Node*> out;
  for (const Node& node : children())
    if (node.tag() == tag) out.push_back(&node);
  return out;
}

base::ByteView Node::bytes() const {
  const auto* content = std::get_if<base::Bytes>(&content_);
  return content == nullptr ? base::ByteView{} : base::ByteView{*content};
}

std::optional<base::ByteView> Node::child_bytes(std::string_view tag) const {
  const Node* found = child(tag);
  if (found == nullptr) return std::nullopt;
  return found->bytes();
}

base::Result<std::string> Node::require_attr(std::string_view key) const {
  auto value = attr(key);
  if (!value) return missing(*this, "attribute", key);
  return *std::move(value);
}

base::Result<Jid> Node::require_jid(std::string_view key) const {
  auto value = jid(key);
  if (!value) return missing(*this, "JID attribute", key);
  return *std::move(value);
}

base::Result<std::int64_t> Node::require_number(std::string_view key) const {
  const auto value = number(key);
  if (!value) return missing(*this, "number attribute", key);
  return *value;
}

base::Result<const Node*> Node::require_child(std::string_view tag) const {
  const Node* found = child(tag);
  if (found == nullptr) return missing(*this, "child", tag);
  return found;
}

base::Result<base::ByteView> Node::require_child_bytes(std::string_view tag) const {
  WA_TRY(const Node* found, require_child(tag));
  if (!std::holds_alternative<base::Bytes>(found->content())) return missing(*this, "bytes in", tag);
  return found->bytes();
}

base::Bytes Node::take_bytes() {
  auto* bytes = std::get_if<base::Bytes>(&content_);
  if (bytes == nullptr) return {};
  base::Bytes out = std::move(*bytes);
  content_ = std::monostate{};
  return out;
}

Node::Children Node::take_children() {
  auto* nodes = std::get_if<Children>(&content_);
  if (nodes == nullptr) return {};
  Children out = std::move(*nodes);
  content_ = std::monostate{};
  return out;
}

bool operator==(const Node& a, const Node& b) {
  if (a.tag_ != b.tag_ || a.attributes_.size() != b.attributes_.size()) return false;
  const bool same_attributes = std::ranges::all_of(a.attributes_, [&b](const Attribute& attribute) {
    const AttributeValue* other = b.find(attribute.key);
    return other != nullptr && *other == attribute.value;
  });
  return same_attributes && same_content(a, b);
}

}  // namespace whatsapp::binary
