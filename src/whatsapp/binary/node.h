// A stanza: a tag, attributes, and content that is nothing, bytes, or more nodes. Everything the server
// and the client say to each other is one such tree (spec 02 §3).
//
// Writing one:
//   Node("iq").with("id", id).with("type", "get").with("to", Jid::service()).add(Node("ping"))
//
// Reading one never assumes a type: any attribute may arrive as text or as a JID, any content as bytes or
// children, so the accessors convert or come back empty, and the require_ forms say what is missing.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/jid.h"

namespace whatsapp::binary {

/// Text and JIDs are different things on the wire; the writer decides, nothing is guessed from an '@'.
using AttributeValue = std::variant<std::string, Jid>;

struct Attribute {
  std::string key;
  AttributeValue value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

class Node {
 public:
  using Children = std::vector<Node>;
  using Content = std::variant<std::monostate, base::Bytes, Children>;

  Node() = default;
  explicit Node(std::string_view tag) : tag_(tag) {}

  // ---- writing ----

  /// Sets an attribute; a second value for a key replaces the first. An empty optional leaves it out.
  Node& set(std::string_view key, AttributeValue value);

  Node&& with(std::string_view key, std::string_view text) && { return put(key, std::string{text}); }
  Node&& with(std::string_view key, const char* text) && { return put(key, std::string{text}); }
  Node&& with(std::string_view key, std::string&& text) && { return put(key, std::move(text)); }
  Node&& with(std::string_view key, Jid jid) && { return put(key, std::move(jid)); }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) Node && with(std::string_view key, Number number) && {
    return put(key, std::to_string(number));
  }
  template <class Value>
  Node&& with(std::string_view key, std::optional<Value> value) && {
    if (value) return std::move(*this).with(key, *std::move(value));
    return std::move(*this);
  }

  /// Appends a child. Bytes content, if any, is replaced.
  Node& add_child(Node child);
  Node&& add(Node child) && { return std::move(add_child(std::move(child))); }
  Node&& add(Children children) &&;
  /// Replaces all attributes; of several values for a key the last one stays.
  Node& set_attributes(std::vector<Attribute> attributes);
  Node& set_children(Children children);
  Node& set_bytes(base::Bytes bytes);
  Node&& bytes(base::Bytes content) && { return std::move(set_bytes(std::move(content))); }
  Node&& bytes(base::ByteView content) && { return std::move(set_bytes(base::to_bytes(content))); }
  Node&& text(std::string_view content) && { return std::move(set_bytes(base::to_bytes(content))); }

  // ---- reading ----

  [[nodiscard]] const std::string& tag() const { return tag_; }
  [[nodiscard]] const std::vector<Attribute>& attributes() const { return attributes_; }
  [[nodiscard]] const Content& content() const { return content_; }

  [[nodiscard]] const AttributeValue* find(std::string_view key) const;
  /// The attribute as text.
  [[nodiscard]] std::optional<std::string> attr(std::string_view key) const;
  [[nodiscard]] bool has_attr(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] bool attr_is(std::string_view key, std::string_view expected) const;
  /// The attribute as a JID; empty if absent or not one.
  [[nodiscard]] std::optional<Jid> jid(std::string_view key) const;
  /// The attribute as a decimal number; empty if absent or not one.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;

  /// The first child with that tag, or null.
  [[nodiscard]] const Node* child(std::string_view tag) const;
  [[nodiscard]] std::span<const Node> children() const;
  [[nodiscard]] std::vector<const Node*> children(std::string_view tag) const;

  /// Empty if the content is not bytes.
  [[nodiscard]] base::ByteView bytes() const;
  [[nodiscard]] std::string_view text() const { return base::as_text(bytes()); }
  /// The bytes of the first child with that tag; nothing if there is no such child.
  [[nodiscard]] std::optional<base::ByteView> child_bytes(std::string_view tag) const;

  // kMalformed, naming what is missing. The pointer is never null.
  [[nodiscard]] base::Result<std::string> require_attr(std::string_view key) const;
  [[nodiscard]] base::Result<Jid> require_jid(std::string_view key) const;
  [[nodiscard]] base::Result<std::int64_t> require_number(std::string_view key) const;
  [[nodiscard]] base::Result<const Node*> require_child(std::string_view tag) const;
  [[nodiscard]] base::Result<base::ByteView> require_child_bytes(std::string_view tag) const;

  /// Moves the content out, leaving none; empty if it is of the other kind.
  [[nodiscard]] base::Bytes take_bytes();
  [[nodiscard]] Children take_children();

  /// Same tag, same content, same attributes in any order. No content and no children are the same.
  friend bool operator==(const Node& a, const Node& b);

 private:
  Node&& put(std::string_view key, AttributeValue value) { return std::move(set(key, std::move(value))); }

  std::string tag_;
  std::vector<Attribute> attributes_;
  Content content_;
};

/// The attribute value as text: JIDs in their text form.
std::string to_text(const AttributeValue& value);

}  // namespace whatsapp::binary
