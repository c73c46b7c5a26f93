#include "whatsapp/message/content_builder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

#include "proto/message.pb.h"

namespace whatsapp::message {
namespace {

using base::Bytes;
using base::ByteView;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

Bytes serialised(const proto::Message& message) {
  Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

void append_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_field(Bytes& out, std::uint32_t number, ByteView value) {
  append_varint(out, (std::uint64_t{number} << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  append_varint(out, value.size());
  base::append(out, value);
}

/// The last length-delimited field `number` at the top level of a serialised message; empty if none.
ByteView top_level_field(ByteView message, std::uint32_t number) {
  CodedInputStream input(message.data(), static_cast<int>(message.size()));
  ByteView found;
  while (const std::uint32_t tag = input.ReadTag()) {
    const bool wanted = tag == ((number << 3) | WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    const auto begin = static_cast<std::size_t>(input.CurrentPosition());
    if (!WireFormatLite::SkipField(&input, tag)) break;
    if (!wanted) continue;
    CodedInputStream length_of(message.data() + begin, static_cast<int>(message.size() - begin));
    std::uint32_t length = 0;
    if (length_of.ReadVarint32(&length))
      found = message.subspan(begin + static_cast<std::size_t>(length_of.CurrentPosition()), length);
  }
  return found;
}

void add_context(const TextContent& text, proto::ContextInfo& context) {
  if (text.quote) {
    context.set_stanza_id(text.quote->id);
    if (!text.quote->author.empty()) context.set_participant(text.quote->author);
    context.mutable_quoted_message()->set_conversation("");
  }
  for (const std::string& mention : text.mentions) context.add_mentioned_jid(mention);
}

}  // namespace

Bytes build_text(const TextContent& text, const MessageSecret& secret) {
  proto::Message message;
  if (text.quote || !text.mentions.empty()) {
    auto& extended = *message.mutable_extended_text_message();
    extended.set_text(text.body);
    add_context(text, *extended.mutable_context_info());
  } else {
    message.set_conversation(text.body);
  }
  message.mutable_message_context_info()->set_message_secret(secret.data(), secret.size());
  return serialised(message);
}

base::Result<Bytes> build_message(const OutgoingContent& content, const OutgoingContext& context,
                                  const MessageSecret& secret) {
  const auto* text = std::get_if<OutgoingText>(&content);
  if (text == nullptr || text->body.empty())
    return base::fail(base::ErrorCode::kInvalidArgument, "this kind of message cannot be sent");
  return build_text({text->body, context.quote, context.mentions}, secret);
}

Bytes wrap_device_sent(ByteView message, std::string_view destination) {
  Bytes inner;
  inner.reserve(message.size() + destination.size() + 16);
  append_field(inner, proto::DeviceSentMessage::kDestinationJidFieldNumber, base::as_bytes(destination));
  append_field(inner, proto::DeviceSentMessage::kMessageFieldNumber, message);

  const ByteView context = top_level_field(message, proto::Message::kMessageContextInfoFieldNumber);
  Bytes out;
  out.reserve(inner.size() + context.size() + 16);
  append_field(out, proto::Message::kDeviceSentMessageFieldNumber, inner);
  if (!context.empty()) append_field(out, proto::Message::kMessageContextInfoFieldNumber, context);
  return out;
}

}  // namespace whatsapp::message
