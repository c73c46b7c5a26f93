#include "whatsapp/binary/codec.h"
#include "whatsapp/binary/inflate.h"
#include "whatsapp/binary/packed_text.h"
#include "whatsapp/binary/tokens.h"
#include "whatsapp/binary/wire_tags.h"

namespace whatsapp::binary {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::Result;

constexpr std::uint8_t kCompressedFlag = 0x02;
constexpr std::size_t kSmallestNode = 3;       // list header, size, tag token
constexpr std::size_t kSmallestAttribute = 2;  // key token, value token

auto malformed(std::string why) { return base::fail(ErrorCode::kMalformed, "stanza: " + std::move(why)); }
auto over_limit(std::string why) { return base::fail(ErrorCode::kLimit, "stanza: " + std::move(why)); }

/// Reads nodes from the front of a view. Every length is checked against what is left before anything
/// is read or allocated.
class Decoder {
 public:
  Decoder(ByteView bytes, const DecodeLimits& limits) : rest_(bytes), limits_(limits) {}

  Result<Node> read_node(std::size_t depth);
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  Result<void> read_attributes(Node& node, std::size_t count);
  Result<std::optional<AttributeValue>> read_value();
  Result<void> read_content(Node& node, std::size_t depth);
  Result<void> read_children(Node& node, std::size_t count, std::size_t depth);
  Result<std::size_t> read_list_size(std::uint8_t list_tag);
  Result<std::string> read_name();
  Result<std::string> read_text(std::uint8_t text_tag);
  Result<std::string> read_packed(Packing packing);
  Result<ByteView> read_binary(std::uint8_t binary_tag);
  Result<Jid> read_jid(std::uint8_t jid_tag);
  Result<Jid> read_jid_pair();
  Result<Jid> read_device_jid();
  Result<Jid> read_messenger_jid();
  Result<Jid> read_interop_jid();
  Result<std::string> read_user();

  Result<ByteView> take(std::size_t count);
  Result<std::uint8_t> take_byte();
  Result<std::uint64_t> take_number(std::size_t width);

  ByteView rest_;
  const DecodeLimits& limits_;
  std::size_t nodes_ = 0;
  std::size_t attributes_ = 0;
};

bool is_list(std::uint8_t byte) { return byte == tag::kList8 || byte == tag::kList16; }

bool is_binary(std::uint8_t byte) { return byte >= tag::kBinary8 && byte <= tag::kBinary32; }

bool is_jid(std::uint8_t byte) {
  return byte == tag::kJidPair || (byte >= tag::kInteropJid && byte <= tag::kDeviceJid);
}

Result<ByteView> Decoder::take(std::size_t count) {
  if (count > rest_.size()) return malformed("it ends too early");
  const ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

Result<std::uint8_t> Decoder::take_byte() {
  WA_TRY(const ByteView byte, take(1));
  return byte[0];
}

Result<std::uint64_t> Decoder::take_number(std::size_t width) {
  WA_TRY(const ByteView bytes, take(width));
  return base::read_big_endian(bytes);
}

Result<Node> Decoder::read_node(std::size_t depth) {
  if (depth > limits_.nesting) return over_limit("nested too deeply");
  if (++nodes_ > limits_.nodes) return over_limit("too many nodes");
  WA_TRY(const std::uint8_t list_tag, take_byte());
  if (!is_list(list_tag)) return malformed("a node that is not a list");
  WA_TRY(const std::size_t size, read_list_size(list_tag));
  if (size == 0) return malformed("a node without a tag");
  WA_TRY(const std::string tag, read_name());
  Node node{tag};
  WA_TRY_VOID(read_attributes(node, (size - 1) / 2));
  if (size % 2 == 0) WA_TRY_VOID(read_content(node, depth));
  return node;
}

Result<void> Decoder::read_attributes(Node& node, std::size_t count) {
  if (count * kSmallestAttribute > rest_.size()) return malformed("more attributes than bytes");
  attributes_ += count;
  if (attributes_ > limits_.attributes) return over_limit("too many attributes");
  std::vector<Attribute> attributes;
  attributes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    WA_TRY(std::string key, read_name());
    WA_TRY(auto value, read_value());
    if (value) attributes.push_back({std::move(key), *std::move(value)});
  }
  node.set_attributes(std::move(attributes));
  return {};
}

/// Nothing for the empty list, which stands for an absent attribute.
Result<std::optional<AttributeValue>> Decoder::read_value() {
  WA_TRY(const std::uint8_t value_tag, take_byte());
  if (value_tag == tag::kListEmpty) return std::nullopt;
  if (is_jid(value_tag)) {
    WA_TRY(Jid jid, read_jid(value_tag));
    return AttributeValue{std::move(jid)};
  }
  WA_TRY(std::string text, read_text(value_tag));
  return AttributeValue{std::move(text)};
}

Result<void> Decoder::read_content(Node& node, std::size_t depth) {
  WA_TRY(const std::uint8_t content_tag, take_byte());
  if (content_tag == tag::kListEmpty) return {};
  if (is_list(content_tag)) {
    WA_TRY(const std::size_t count, read_list_size(content_tag));
    return read_children(node, count, depth);
  }
  if (is_binary(content_tag)) {
    WA_TRY(const ByteView bytes, read_binary(content_tag));
    node.set_bytes(base::to_bytes(bytes));
    return {};
  }
  // Whatever the server happened to write as a token, packed or as a JID is text all the same.
  if (is_jid(content_tag)) {
    WA_TRY(const Jid jid, read_jid(content_tag));
    node.set_bytes(base::to_bytes(jid.to_string()));
    return {};
  }
  WA_TRY(const std::string text, read_text(content_tag));
  node.set_bytes(base::to_bytes(text));
  return {};
}

Result<void> Decoder::read_children(Node& node, std::size_t count, std::size_t depth) {
  if (count == 0) return {};
  if (count * kSmallestNode > rest_.size()) return malformed("more children than bytes");
  Node::Children children;
  children.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    WA_TRY(Node child, read_node(depth + 1));
    children.push_back(std::move(child));
  }
  node.set_children(std::move(children));
  return {};
}

Result<std::size_t> Decoder::read_list_size(std::uint8_t list_tag) {
  return take_number(list_tag == tag::kList8 ? 1 : 2);
}

/// A tag or a key: text that is not empty.
Result<std::string> Decoder::read_name() {
  WA_TRY(const std::uint8_t text_tag, take_byte());
  WA_TRY(std::string text, read_text(text_tag));
  if (text.empty()) return malformed("an empty tag or key");
  return text;
}

Result<std::string> Decoder::read_text(std::uint8_t text_tag) {
  if (const std::string_view token = single_byte_token(text_tag); !token.empty()) return std::string{token};
  if (text_tag >= tag::kDictionary0 && text_tag <= tag::kDictionary3) {
    WA_TRY(const std::uint8_t index, take_byte());
    return std::string{double_byte_token(static_cast<std::uint8_t>(text_tag - tag::kDictionary0), index)};
  }
  if (text_tag == tag::kNibble8) return read_packed(Packing::kNibble);
  if (text_tag == tag::kHex8) return read_packed(Packing::kHex);
  if (!is_binary(text_tag)) return malformed("text with tag " + std::to_string(text_tag));
  WA_TRY(const ByteView bytes, read_binary(text_tag));
  return base::to_string(bytes);
}

Result<std::string> Decoder::read_packed(Packing packing) {
  WA_TRY(const std::uint8_t length, take_byte());
  WA_TRY(const ByteView packed, take(length & 0x7fU));
  return unpack(packing, length, packed);
}

Result<ByteView> Decoder::read_binary(std::uint8_t binary_tag) {
  std::size_t length_width = 1;
  std::uint64_t length_mask = 0xff;
  if (binary_tag == tag::kBinary20) {
    length_width = 3;
    length_mask = 0xfffff;  // the upper half of the first byte means nothing
  } else if (binary_tag == tag::kBinary32) {
    length_width = 4;
    length_mask = 0xffffffff;
  }
  WA_TRY(const std::uint64_t length, take_number(length_width));
  return take(length & length_mask);
}

Result<Jid> Decoder::read_jid(std::uint8_t jid_tag) {
  switch (jid_tag) {
    case tag::kJidPair:
      return read_jid_pair();
    case tag::kDeviceJid:
      return read_device_jid();
    case tag::kMessengerJid:
      return read_messenger_jid();
    default:
      return read_interop_jid();
  }
}

/// The user of a JID that cannot be without one.
Result<std::string> Decoder::read_user() { return read_name(); }

Result<Jid> Decoder::read_jid_pair() {
  WA_TRY(const std::uint8_t user_tag, take_byte());
  std::string user;
  if (user_tag != tag::kListEmpty) {
    WA_TRY(user, read_text(user_tag));
  }
  WA_TRY(const std::string server, read_name());
  return Jid::on_server(user, server);
}

Result<Jid> Decoder::read_device_jid() {
  WA_TRY(const std::uint8_t domain, take_byte());
  WA_TRY(const std::uint8_t device, take_byte());
  WA_TRY(const std::string user, read_user());
  // Unknown odd values are old agent numbers of phone-number accounts; the high even ones are hosted.
  Server server = Server::kUser;
  if (domain == domain::kLid) server = Server::kLid;
  if (domain == domain::kHostedLid) server = Server::kHostedLid;
  if (domain >= domain::kHosted && domain % 2 == 0) server = Server::kHosted;
  return Jid{user, server, device};
}

Result<Jid> Decoder::read_messenger_jid() {
  WA_TRY(const std::string user, read_user());
  WA_TRY(const std::uint64_t device, take_number(2));
  WA_TRY(const std::string server, read_name());
  if (server != to_text(Server::kMessenger)) return malformed("a messenger JID on another server");
  return Jid{user, Server::kMessenger, static_cast<std::uint16_t>(device)};
}

Result<Jid> Decoder::read_interop_jid() {
  WA_TRY(const std::string user, read_user());
  WA_TRY(const std::uint64_t device, take_number(2));
  WA_TRY(const std::uint64_t integrator, take_number(2));
  WA_TRY(const std::string server, read_name());
  if (server != to_text(Server::kInterop)) return malformed("an interop JID on another server");
  return Jid::interop(user, static_cast<std::uint16_t>(integrator), static_cast<std::uint16_t>(device));
}

Result<Node> decode_body(ByteView body, const DecodeLimits& limits) {
  Decoder decoder{body, limits};
  WA_TRY(Node node, decoder.read_node(1));
  if (!decoder.at_end()) return malformed("bytes after the node");
  return node;
}

}  // namespace

Result<Node> decode(ByteView frame, const DecodeLimits& limits) {
  if (frame.empty()) return malformed("an empty frame");
  const ByteView body = frame.subspan(1);
  if ((frame[0] & kCompressedFlag) == 0) return decode_body(body, limits);
  const InflateLimits inflate_limits{limits.inflated_bytes, limits.inflate_ratio, limits.inflate_free_bytes};
  WA_TRY(const base::Bytes inflated, inflate(body, inflate_limits));
  return decode_body(inflated, limits);
}

}  // namespace whatsapp::binary
