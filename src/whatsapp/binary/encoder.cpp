#include <limits>

#include "whatsapp/binary/codec.h"
#include "whatsapp/binary/packed_text.h"
#include "whatsapp/binary/tokens.h"
#include "whatsapp/binary/wire_tags.h"

namespace whatsapp::binary {
namespace {

using base::ErrorCode;
using base::Result;

/// Writes one node and all below it. The first error wins; what is in `out` after it is worthless.
class Encoder {
 public:
  explicit Encoder(base::Bytes& out) : out_(out) {}

  Result<void> write_node(const Node& node);

 private:
  Result<void> write_value(const AttributeValue& value);
  Result<void> write_content(const Node& node);
  Result<void> write_list_header(std::size_t size);
  Result<void> write_text(std::string_view text);
  Result<void> write_binary(base::ByteView bytes);
  Result<void> write_jid(const Jid& jid);
  Result<void> write_device_jid(const Jid& jid);
  Result<void> write_jid_pair(const Jid& jid);

  void put(std::uint8_t byte) { out_.push_back(byte); }
  template <std::size_t Width>
  void put_number(std::uint64_t number) {
    base::append(out_, base::big_endian<Width>(number));
  }

  base::Bytes& out_;
};

bool has_content(const Node& node) {
  return std::holds_alternative<base::Bytes>(node.content()) || !node.children().empty();
}

Result<void> Encoder::write_node(const Node& node) {
  if (node.tag().empty()) return base::fail(ErrorCode::kInvalidArgument, "a node without a tag");
  WA_TRY_VOID(write_list_header(1 + 2 * node.attributes().size() + (has_content(node) ? 1 : 0)));
  WA_TRY_VOID(write_text(node.tag()));
  for (const Attribute& attribute : node.attributes()) {
    if (attribute.key.empty()) return base::fail(ErrorCode::kInvalidArgument, "an attribute without a key");
    WA_TRY_VOID(write_text(attribute.key));
    WA_TRY_VOID(write_value(attribute.value));
  }
  return write_content(node);
}

Result<void> Encoder::write_value(const AttributeValue& value) {
  if (const auto* jid = std::get_if<Jid>(&value)) return write_jid(*jid);
  return write_text(std::get<std::string>(value));
}

Result<void> Encoder::write_content(const Node& node) {
  // Bytes are never written as tokens or packed, so that they come back as bytes everywhere.
  if (const auto* bytes = std::get_if<base::Bytes>(&node.content())) return write_binary(*bytes);
  if (node.children().empty()) return {};
  WA_TRY_VOID(write_list_header(node.children().size()));
  for (const Node& child : node.children()) WA_TRY_VOID(write_node(child));
  return {};
}

Result<void> Encoder::write_list_header(std::size_t size) {
  if (size <= std::numeric_limits<std::uint8_t>::max()) {
    put(tag::kList8);
    put_number<1>(size);
  } else if (size <= std::numeric_limits<std::uint16_t>::max()) {
    put(tag::kList16);
    put_number<2>(size);
  } else {
    return base::fail(ErrorCode::kLimit, "a node with too many children or attributes");
  }
  return {};
}

Result<void> Encoder::write_text(std::string_view text) {
  if (const auto token = find_token(text)) {
    if (token->dictionary) put(static_cast<std::uint8_t>(tag::kDictionary0 + *token->dictionary));
    put(token->index);
    return {};
  }
  if (const auto packing = packing_of(text)) {
    put(*packing == Packing::kNibble ? tag::kNibble8 : tag::kHex8);
    append_packed(out_, *packing, text);
    return {};
  }
  return write_binary(base::as_bytes(text));
}

Result<void> Encoder::write_binary(base::ByteView bytes) {
  const std::size_t size = bytes.size();
  if (size < 1U << 8) {
    put(tag::kBinary8);
    put_number<1>(size);
  } else if (size < 1U << 20) {
    put(tag::kBinary20);
    put_number<3>(size);
  } else if (size <= std::numeric_limits<std::uint32_t>::max()) {
    put(tag::kBinary32);
    put_number<4>(size);
  } else {
    return base::fail(ErrorCode::kLimit, "a byte string of 4 GiB or more");
  }
  base::append(out_, bytes);
  return {};
}

Result<void> Encoder::write_jid(const Jid& jid) {
  if (jid.empty()) return base::fail(ErrorCode::kInvalidArgument, "an empty JID");
  if (jid.is_service() && jid.device() != 0)
    return base::fail(ErrorCode::kInvalidArgument, "a device without a user");
  if (jid.is_service()) return write_jid_pair(jid);

  switch (jid.server()) {
    case Server::kMessenger:
      put(tag::kMessengerJid);
      WA_TRY_VOID(write_text(jid.user()));
      put_number<2>(jid.device());
      return write_text(jid.server_text());
    case Server::kInterop:
      put(tag::kInteropJid);
      WA_TRY_VOID(write_text(jid.user()));
      put_number<2>(jid.device());
      put_number<2>(jid.integrator());
      return write_text(jid.server_text());
    default:
      return jid.device() == 0 ? write_jid_pair(jid) : write_device_jid(jid);
  }
}

Result<void> Encoder::write_device_jid(const Jid& jid) {
  std::uint8_t domain = domain::kUser;
  switch (jid.server()) {
    case Server::kUser:
    case Server::kLegacyUser:
      break;
    case Server::kLid:
      domain = domain::kLid;
      break;
    case Server::kHosted:
      domain = domain::kHosted;
      break;
    case Server::kHostedLid:
      domain = domain::kHostedLid;
      break;
    default:
      return base::fail(ErrorCode::kInvalidArgument, "a device on a server without devices");
  }
  if (jid.device() > std::numeric_limits<std::uint8_t>::max())
    return base::fail(ErrorCode::kInvalidArgument, "a device above 255 cannot be addressed");
  put(tag::kDeviceJid);
  put(domain);
  put_number<1>(jid.device());
  return write_text(jid.user());
}

Result<void> Encoder::write_jid_pair(const Jid& jid) {
  put(tag::kJidPair);
  if (jid.user().empty()) {
    put(tag::kListEmpty);
  } else {
    WA_TRY_VOID(write_text(jid.user()));
  }
  return write_text(jid.server_text());
}

}  // namespace

Result<base::Bytes> encode(const Node& node) {
  base::Bytes out;
  out.reserve(256);
  out.push_back(0);  // flags: not compressed
  WA_TRY_VOID(Encoder{out}.write_node(node));
  return out;
}

}  // namespace whatsapp::binary
