// binary_nodes.json: stanzas with their trees, odd forms to read, and malformed bytes to refuse.
//
// Trees are text; our nodes are typed. Text with an '@' that is a JID is encoded as one. Decoded trees are
// compared as text: content by its bytes, attributes in any order, server JIDs with or without their '@',
// an empty attribute equal to an absent one.
#include <optional>
#include <unordered_map>

#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/binary/codec.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;
using whatsapp::binary::Jid;
using whatsapp::binary::Node;
using whatsapp::binary::Server;

/// What a tree holds for which more than one encoding is right, so that only its meaning is compared.
struct Tolerance {
  bool text_content = false;  // may be written as a token, packed or as bytes
  bool empty_list = false;    // may be left out, 00 or f800
  bool foreign_jid = false;   // msgr and interop have forms of their own, which the vectors do not use
  bool at_sign_text = false;  // an '@' in what is no JID: the producer guesses, our types do not

  [[nodiscard]] bool any() const { return text_content || empty_list || foreign_jid || at_sign_text; }
};

std::string without_leading_at(std::string text) {
  if (text.starts_with('@')) text.erase(0, 1);
  return text;
}

void add_attribute(Node& node, const std::string& key, const std::string& value, Tolerance& tolerance) {
  if (value.find('@') == std::string::npos) {
    node.set(key, value);
    return;
  }
  auto jid = Jid::parse(value);
  if (!jid) {
    tolerance.at_sign_text = true;
    node.set(key, value);
    return;
  }
  tolerance.foreign_jid |= jid->server() == Server::kMessenger || jid->server() == Server::kInterop;
  node.set(key, *std::move(jid));
}

Node node_of(const json& tree, Tolerance& tolerance) {
  Node node{tree.at("tag").get<std::string>()};
  for (const auto& pair : tree.at("attrs"))
    add_attribute(node, pair.at(0).get<std::string>(), pair.at(1).get<std::string>(), tolerance);
  const json& content = tree.at("content");
  if (content.is_null()) return node;
  if (present(content, "bytes")) {
    node.set_bytes(hex_bytes(content, "bytes"));
  } else if (present(content, "str")) {
    tolerance.text_content = true;
    node.set_bytes(base::to_bytes(text(content, "str")));
  } else {
    tolerance.empty_list |= content.at("list").empty();
    for (const auto& child : content.at("list")) node.add_child(node_of(child, tolerance));
  }
  return node;
}

using TextAttributes = std::unordered_map<std::string, std::string>;

TextAttributes attributes_of(const Node& node) {
  TextAttributes out;
  for (const auto& attribute : node.attributes()) {
    std::string value = without_leading_at(to_text(attribute.value));
    if (!value.empty()) out[attribute.key] = std::move(value);
  }
  return out;
}

TextAttributes attributes_of(const json& tree) {
  TextAttributes out;
  for (const auto& pair : tree.at("attrs")) {
    std::string value = without_leading_at(pair.at(1).get<std::string>());
    if (!value.empty()) out[pair.at(0).get<std::string>()] = std::move(value);
  }
  return out;
}

bool same_tree(const Node& node, const json& tree);

bool same_content(const Node& node, const json& content) {
  const bool has_bytes = std::holds_alternative<Bytes>(node.content());
  if (content.is_null()) return !has_bytes && node.children().empty();
  if (present(content, "bytes")) return has_bytes && base::to_hex(node.bytes()) == text(content, "bytes");
  if (present(content, "str")) return has_bytes && node.text() == text(content, "str");
  const json& list = content.at("list");
  if (has_bytes || node.children().size() != list.size()) return false;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (!same_tree(node.children()[i], list.at(i))) return false;
  return true;
}

bool same_tree(const Node& node, const json& tree) {
  return node.tag() == tree.at("tag").get<std::string>() && attributes_of(node) == attributes_of(tree) &&
         same_content(node, tree.at("content"));
}

void check_decoding(const Bytes& encoded, const json& expected, std::string_view what, Case& check) {
  const auto node = whatsapp::binary::decode(encoded);
  check.expect_success(node, what);
  if (node) check.expect(same_tree(*node, expected), std::string{what} + ": decodes to another tree");
}

struct Alternative {
  Bytes encoded;
  bool same_meaning = true;
};

std::vector<Alternative> alternatives_of(const json& entry) {
  std::vector<Alternative> out;
  if (!present(entry, "alternative_encodings")) return out;
  for (const auto& form : entry.at("alternative_encodings")) {
    if (form.is_string()) {
      out.push_back({hex_bytes(form), true});
    } else {
      out.push_back({hex_bytes(form, "hex"), !form.value("decodes_differently", false)});
    }
  }
  return out;
}

void check_encoding(const json& entry, const std::vector<Alternative>& alternatives, Case& check) {
  Tolerance tolerance;
  const Node node = node_of(entry.at("tree"), tolerance);
  const auto encoded = whatsapp::binary::encode(node);
  check.expect_success(encoded, "encodes");
  if (!encoded) return;

  const Bytes expected = hex_bytes(entry, "encoded");
  bool known_form = *encoded == expected;
  for (const auto& alternative : alternatives) known_form |= *encoded == alternative.encoded;
  if (known_form) return;
  if (!tolerance.any()) {
    check.expect_equal(*encoded, expected, "encoded");
    return;
  }
  const auto again = whatsapp::binary::decode(*encoded);
  check.expect(again && *again == node, "our own form does not come back");
}

void check_case(const json& entry, Case& check) {
  const json& decoded = present(entry, "decoded") ? entry.at("decoded") : entry.at("tree");
  check_decoding(hex_bytes(entry, "encoded"), decoded, "encoded", check);
  const auto alternatives = alternatives_of(entry);
  for (const auto& alternative : alternatives) {
    if (alternative.same_meaning) {
      check_decoding(alternative.encoded, decoded, "alternative", check);
    } else {
      check.expect_success(whatsapp::binary::decode(alternative.encoded), "alternative");
    }
  }
  check_encoding(entry, alternatives, check);
}

void check_decode_only(const json& entry, Case& check) {
  const Bytes encoded = hex_bytes(entry, "encoded");
  // One frame is one node: bytes after it are an error for us, whatever other decoders do with them.
  if (text(entry, "name").starts_with("trailing")) {
    check.expect(!whatsapp::binary::decode(encoded), "bytes after the node were accepted");
    return;
  }
  check_decoding(encoded, entry.at("decoded"), "encoded", check);
}

void check_malformed(const json& entry, Case& check) {
  check.expect(!whatsapp::binary::decode(hex_bytes(entry, "encoded")), "was accepted");
}

}  // namespace

Outcome run_binary_nodes(const json& file) {
  Report report;
  const auto run_list = [&](const char* list, void (*body)(const json&, Case&)) {
    for_each_case(file, list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { body(entry, check); });
    });
  };
  run_list("cases", check_case);
  run_list("decode_only", check_decode_only);
  run_list("malformed", check_malformed);
  return report.take();
}

}  // namespace vector_check
