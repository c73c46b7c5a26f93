#include "whatsapp/message/content_builder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <climits>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <variant>

#include "proto/message.pb.h"
#include "proto/message_parts.pb.h"
#include "whatsapp/message/action_builder.h"
#include "whatsapp/message/context_builder.h"
#include "whatsapp/message/media_builder.h"

namespace whatsapp::message {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Result;
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

constexpr std::size_t kMostPollOptions = 12;
constexpr std::size_t kMostContacts = 256;
constexpr std::uint32_t kWhite = 0xffff'ffff;

Result<void> refuse(const char* why) { return base::fail(ErrorCode::kInvalidArgument, why); }

Result<void> fill(const OutgoingText& text, const OutgoingContext& context, proto::Message& out) {
  if (text.body.empty()) return refuse("a text without words");
  const bool status = text.background_argb || text.font;
  if (!text.preview && !status && !has_context(context)) {
    out.set_conversation(text.body);
    return {};
  }
  auto& extended = *out.mutable_extended_text_message();
  extended.set_text(text.body);
  if (text.background_argb) {
    extended.set_background_argb(*text.background_argb);
    extended.set_text_argb(kWhite);
  }
  if (text.font) extended.set_font(static_cast<std::int32_t>(*text.font));
  if (text.preview) {
    extended.set_matched_text(text.preview->url);
    if (!text.preview->title.empty()) extended.set_title(text.preview->title);
    if (!text.preview->description.empty()) extended.set_description(text.preview->description);
    extended.set_preview_type(0);
    const base::Bytes& thumbnail = text.preview->jpeg_thumbnail;
    if (!thumbnail.empty()) extended.set_jpeg_thumbnail(thumbnail.data(), thumbnail.size());
  }
  add_context(context, extended);
  return {};
}

Result<void> fill(const OutgoingMedia& media, const OutgoingContext& context, proto::Message& out) {
  return fill_media(media, context, out);
}

Result<void> fill(const OutgoingLocation& location, const OutgoingContext& context, proto::Message& out) {
  const bool on_earth = std::abs(location.latitude) <= 90 && std::abs(location.longitude) <= 180;
  if (!on_earth) return refuse("a location that is not on earth");
  auto& wire = *out.mutable_location_message();
  wire.set_degrees_latitude(location.latitude);
  wire.set_degrees_longitude(location.longitude);
  if (!location.name.empty()) wire.set_name(location.name);
  if (!location.address.empty()) wire.set_address(location.address);
  if (!location.url.empty()) wire.set_url(location.url);
  add_context(context, wire);
  return {};
}

Result<void> fill(const OutgoingContacts& contacts, const OutgoingContext& context, proto::Message& out) {
  if (contacts.cards.empty() || contacts.cards.size() > kMostContacts)
    return refuse("no contact, or too many");
  for (const auto& card : contacts.cards)
    if (card.vcard.empty()) return refuse("a contact without vCard");
  if (contacts.cards.size() == 1) {
    auto& wire = *out.mutable_contact_message();
    wire.set_display_name(contacts.cards.front().display_name);
    wire.set_vcard(contacts.cards.front().vcard);
    add_context(context, wire);
    return {};
  }
  proto::ContactsArrayMessage array;
  const bool named = !contacts.display_name.empty();
  array.set_display_name(named ? contacts.display_name : std::to_string(contacts.cards.size()) + " contacts");
  for (const auto& card : contacts.cards) {
    auto& wire = *array.add_contacts();
    wire.set_display_name(card.display_name);
    wire.set_vcard(card.vcard);
  }
  if (has_context(context)) {
    proto::ContextInfo info;
    fill_context(context, info);
    // PartContext is ContextInfo seen from afar: the same bytes.
    array.mutable_context_info()->ParseFromString(info.SerializeAsString());
  }
  out.set_contacts_array_message(array.SerializeAsString());
  return {};
}

Result<void> fill(const OutgoingPoll& poll, const OutgoingContext& context, proto::Message& out) {
  if (poll.name.empty()) return refuse("a poll without a question");
  if (poll.options.size() < 2 || poll.options.size() > kMostPollOptions)
    return refuse("a poll needs 2 to 12 options");
  // Votes name an option by the hash of its text.
  const std::set<std::string> distinct(poll.options.begin(), poll.options.end());
  if (distinct.size() != poll.options.size() || distinct.contains(""))
    return refuse("a poll with equal or empty options");
  if (poll.selectable > poll.options.size())
    return refuse("a poll in which more can be chosen than there is");
  auto& wire =
      poll.selectable == 1 ? *out.mutable_poll_creation_message_v3() : *out.mutable_poll_creation_message();
  wire.set_name(poll.name);
  for (const std::string& option : poll.options) wire.add_options()->set_option_name(option);
  wire.set_selectable_options_count(poll.selectable);
  add_context(context, wire);
  return {};
}

Result<void> fill(const OutgoingEphemeralSetting& setting, const OutgoingContext&, proto::Message& out) {
  auto& protocol = *out.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::EPHEMERAL_SETTING);
  protocol.set_ephemeral_expiration(setting.seconds);
  return {};
}

/// A message as it stands, as a new one of ours.
Result<void> fill(const OutgoingRaw& raw, const OutgoingContext& context, proto::Message& out) {
  if (raw.message.empty() || raw.message.size() > INT_MAX ||
      !out.ParseFromArray(raw.message.data(), static_cast<int>(raw.message.size())))
    return refuse("the bytes are no message");
  if (context.forwarding_score == 0) return {};
  strip_context(out);
  OutgoingContext forwarded = context;
  forwarded.quote.reset();
  forwarded.mentions.clear();
  if (out.has_conversation()) {
    const std::string body = out.conversation();
    out.clear_conversation();
    out.mutable_extended_text_message()->set_text(body);
  }
  if (out.has_extended_text_message()) add_context(forwarded, *out.mutable_extended_text_message());
  if (out.has_image_message()) add_context(forwarded, *out.mutable_image_message());
  if (out.has_video_message()) add_context(forwarded, *out.mutable_video_message());
  if (out.has_audio_message()) add_context(forwarded, *out.mutable_audio_message());
  if (out.has_document_message()) add_context(forwarded, *out.mutable_document_message());
  if (out.has_sticker_message()) add_context(forwarded, *out.mutable_sticker_message());
  return {};
}

template <class Action>
requires requires(const Action& action, const OutgoingContext& context, proto::Message& out) {
  fill_action(action, context, out);
}
Result<void> fill(const Action& action, const OutgoingContext& context, proto::Message& out) {
  return fill_action(action, context, out);
}

/// Whether later additions (votes, answers, reports) may need a secret of this message.
bool wants_secret(const OutgoingContent& content) {
  return !(std::holds_alternative<OutgoingReaction>(content) ||
           std::holds_alternative<OutgoingPollVote>(content) ||
           std::holds_alternative<OutgoingEdit>(content) || std::holds_alternative<OutgoingRevoke>(content) ||
           std::holds_alternative<OutgoingPin>(content) ||
           std::holds_alternative<OutgoingEphemeralSetting>(content));
}

}  // namespace

Bytes build_text(const TextContent& text, const MessageSecret& secret) {
  proto::Message message;
  const OutgoingContext context{.quote = text.quote, .mentions = text.mentions};
  if (has_context(context)) {
    message.mutable_extended_text_message()->set_text(text.body);
    add_context(context, *message.mutable_extended_text_message());
  } else {
    message.set_conversation(text.body);
  }
  message.mutable_message_context_info()->set_message_secret(secret.data(), secret.size());
  return serialised(message);
}

Result<Bytes> build_message(const OutgoingContent& content, const OutgoingContext& context,
                            const MessageSecret& secret) {
  proto::Message message;
  WA_TRY_VOID(std::visit([&](const auto& one) { return fill(one, context, message); }, content));
  if (wants_secret(content))
    message.mutable_message_context_info()->set_message_secret(secret.data(), secret.size());
  return serialised(message);
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
