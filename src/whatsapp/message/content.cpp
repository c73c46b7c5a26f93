#include "whatsapp/message/content.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <array>
#include <string>

#include "proto/message.pb.h"
#include "whatsapp/message/bounded_text.h"
#include "whatsapp/message/media_reader.h"
#include "whatsapp/message/part_reader.h"
#include "whatsapp/message/unwrap.h"
#include "whatsapp/message/utf8.h"

namespace whatsapp::message {
namespace {

using proto::ContextInfo;
using proto::Message;
using proto::ProtocolMessage;

/// A quoted message inside a quoted message is three protobuf levels further down.
constexpr int kProtobufLevels = static_cast<int>(3 * kMaxNesting + 8);

struct KindOfField {
  bool (Message::*has)() const;
  Kind kind;
  const char* unsupported = nullptr;  // what people are told that it is
};

// By field number: when several are set, the lowest counts.
constexpr auto kKinds = std::to_array<KindOfField>({
    {&Message::has_conversation, Kind::kText},
    {&Message::has_image_message, Kind::kImage},
    {&Message::has_contact_message, Kind::kContact},
    {&Message::has_location_message, Kind::kLocation},
    {&Message::has_extended_text_message, Kind::kText},
    {&Message::has_document_message, Kind::kDocument},
    {&Message::has_audio_message, Kind::kAudio},
    {&Message::has_video_message, Kind::kVideo},
    {&Message::has_call, Kind::kCallLog},
    {&Message::has_protocol_message, Kind::kNone},  // by its type, see read_protocol
    {&Message::has_contacts_array_message, Kind::kContact},
    {&Message::has_highly_structured_message, Kind::kInteractive},
    {&Message::has_send_payment_message, Kind::kPayment},
    {&Message::has_live_location_message, Kind::kLiveLocation},
    {&Message::has_request_payment_message, Kind::kPayment},
    {&Message::has_decline_payment_request_message, Kind::kPayment},
    {&Message::has_cancel_payment_request_message, Kind::kPayment},
    {&Message::has_template_message, Kind::kInteractive},
    {&Message::has_sticker_message, Kind::kSticker},
    {&Message::has_group_invite_message, Kind::kGroupInvite},
    {&Message::has_template_button_reply_message, Kind::kInteractiveReply},
    {&Message::has_product_message, Kind::kProduct},
    {&Message::has_list_message, Kind::kInteractive},
    {&Message::has_order_message, Kind::kOrder},
    {&Message::has_list_response_message, Kind::kInteractiveReply},
    {&Message::has_invoice_message, Kind::kPayment},
    {&Message::has_buttons_message, Kind::kInteractive},
    {&Message::has_buttons_response_message, Kind::kInteractiveReply},
    {&Message::has_payment_invite_message, Kind::kPayment},
    {&Message::has_interactive_message, Kind::kInteractive},
    {&Message::has_reaction_message, Kind::kReaction},
    {&Message::has_interactive_response_message, Kind::kInteractiveReply},
    {&Message::has_poll_creation_message, Kind::kPoll},
    {&Message::has_poll_update_message, Kind::kPollVote},
    {&Message::has_keep_in_chat_message, Kind::kKeep},
    {&Message::has_request_phone_number_message, Kind::kUnsupported, "request_phone_number"},
    {&Message::has_enc_reaction_message, Kind::kReaction},
    {&Message::has_poll_creation_message_v2, Kind::kPoll},
    {&Message::has_scheduled_call_creation_message, Kind::kCallLog},
    {&Message::has_pin_in_chat_message, Kind::kPin},
    {&Message::has_poll_creation_message_v3, Kind::kPoll},
    {&Message::has_scheduled_call_edit_message, Kind::kCallLog},
    {&Message::has_ptv_message, Kind::kVideoNote},
    {&Message::has_call_log_message, Kind::kCallLog},
    {&Message::has_message_history_bundle, Kind::kUnsupported, "message_history"},
    {&Message::has_enc_comment_message, Kind::kComment},
    {&Message::has_bcall_message, Kind::kCallLog},
    {&Message::has_event_message, Kind::kEvent},
    {&Message::has_enc_event_response_message, Kind::kEventResponse},
    {&Message::has_comment_message, Kind::kComment},
    {&Message::has_newsletter_admin_invite_message, Kind::kChannelInvite},
    {&Message::has_placeholder_message, Kind::kUnsupported, "hidden_on_linked_devices"},
    {&Message::has_secret_encrypted_message, Kind::kUnsupported, "encrypted_edit"},
    {&Message::has_album_message, Kind::kNone},  // only announces pictures that come by themselves
    {&Message::has_sticker_pack_message, Kind::kStickerPack},
    {&Message::has_poll_result_snapshot_message, Kind::kPollResult},
    {&Message::has_rich_response_message, Kind::kUnsupported, "rich_response"},
    {&Message::has_message_history_notice, Kind::kNone},
    {&Message::has_poll_creation_message_v5, Kind::kPoll},
    {&Message::has_newsletter_follower_invite_message_v2, Kind::kChannelInvite},
    {&Message::has_poll_result_snapshot_message_v3, Kind::kPollResult},
    {&Message::has_poll_creation_message_v6, Kind::kPoll},
    {&Message::has_poll_add_option_message, Kind::kUnsupported, "poll_add_option"},
    {&Message::has_event_invite_message, Kind::kEvent},
});

const KindOfField* field_of(const Message& message) {
  for (const KindOfField& field : kKinds)
    if ((message.*field.has)()) return &field;
  return nullptr;
}

Kind kind_of(const Message& message) {
  const KindOfField* field = field_of(message);
  if (field == nullptr) return message.unknown_fields().empty() ? Kind::kNone : Kind::kUnsupported;
  if (field->kind == Kind::kVideo && message.video_message().gif_playback()) return Kind::kGif;
  if (field->kind == Kind::kAudio && message.audio_message().ptt()) return Kind::kVoice;
  return field->kind;
}

std::string_view poll_name(const Message& message) {
  const proto::PollCreationMessage* poll = poll_in(message);
  return poll != nullptr ? std::string_view{poll->name()} : std::string_view{};
}

std::string_view text_of(const Message& message, Kind kind) {
  switch (kind) {
    case Kind::kText:
      if (message.has_conversation()) return message.conversation();
      return message.extended_text_message().text();
    case Kind::kImage:
      return message.image_message().caption();
    case Kind::kVideo:
    case Kind::kGif:
      return message.video_message().caption();
    case Kind::kVideoNote:
      return message.ptv_message().caption();
    case Kind::kDocument:
      return message.document_message().caption();
    case Kind::kLocation:
      return message.location_message().name();
    case Kind::kLiveLocation:
      return message.live_location_message().caption();
    case Kind::kContact:
      return message.contact_message().display_name();
    case Kind::kReaction:
      return message.reaction_message().text();
    case Kind::kPoll:
      return poll_name(message);
    default:
      return {};
  }
}

const ContextInfo& context_of(const Message& message, Kind kind) {
  switch (kind) {
    case Kind::kText:
      return message.extended_text_message().context_info();
    case Kind::kImage:
      return message.image_message().context_info();
    case Kind::kVideo:
    case Kind::kGif:
      return message.video_message().context_info();
    case Kind::kVideoNote:
      return message.ptv_message().context_info();
    case Kind::kAudio:
    case Kind::kVoice:
      return message.audio_message().context_info();
    case Kind::kDocument:
      return message.document_message().context_info();
    case Kind::kSticker:
      return message.sticker_message().context_info();
    case Kind::kLocation:
      return message.location_message().context_info();
    case Kind::kLiveLocation:
      return message.live_location_message().context_info();
    case Kind::kContact:
      return message.contact_message().context_info();
    case Kind::kPoll:
      return poll_in(message) != nullptr ? poll_in(message)->context_info() : ContextInfo::default_instance();
    default:
      return ContextInfo::default_instance();
  }
}

void read_context(const ContextInfo& context, Content& out) {
  out.quoted_id = short_text(context.stanza_id());
  out.quoted_author = short_text(context.participant());
  for (const std::string& mention : context.mentioned_jid()) {
    if (out.mentions.size() == kMaxMentions) break;
    out.mentions.push_back(short_text(mention));
  }
  out.forwarding_score = std::max(context.forwarding_score(), context.is_forwarded() ? 1u : 0u);
  out.expiration = context.expiration();
  out.expiration_set_at = context.ephemeral_setting_timestamp();
}

MessageRef ref_of(const proto::MessageKey& key) {
  return {short_text(key.remote_jid()), short_text(key.id()), short_text(key.participant()),
          key.from_me() ? MessageRef::By::kSender : MessageRef::By::kOther};
}

MessageRef target_of(const Message& message, Kind kind) {
  switch (kind) {
    case Kind::kReaction:
      return ref_of(message.reaction_message().key());
    case Kind::kPin:
      return ref_of(message.pin_in_chat_message().key());
    case Kind::kKeep:
      return ref_of(message.keep_in_chat_message().key());
    case Kind::kComment:
      return ref_of(message.comment_message().target_message_key());
    default:
      return {};
  }
}

/// A comment in a channel or group: the words of the message inside.
void read_comment(const Message& message, Content& out) {
  const Unwrapped comment = unwrap(message.comment_message().message());
  if (comment.innermost != nullptr) out.text = sanitised(text_of(*comment.innermost, Kind::kText));
}

/// The number of the first field that we do not know, as a name.
std::string unknown_field(const Message& message) {
  const std::string& unknown = message.unknown_fields();
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(unknown.data()),
                                               static_cast<int>(unknown.size()));
  return "field_" + std::to_string(input.ReadTag() >> 3);
}

std::string unsupported_type(const Message& message) {
  const KindOfField* field = field_of(message);
  if (field == nullptr) return unknown_field(message);
  return field->unsupported != nullptr ? field->unsupported : "unknown";
}

/// Kind, text, quote and mentions of a message without wrappers.
void read_plain(const Message& message, Content& out) {
  out.kind = kind_of(message);
  out.text = sanitised(text_of(message, out.kind));
  out.target = target_of(message, out.kind);
  out.media = media_in(message);
  read_context(context_of(message, out.kind), out);
  if (out.kind == Kind::kComment) read_comment(message, out);
  if (out.kind == Kind::kUnsupported) out.part = Unsupported{unsupported_type(message)};
  read_part(message, out);
  out.view_once = out.view_once || message.image_message().view_once() ||
                  message.video_message().view_once() || message.audio_message().view_once();
}

void read_edit(const ProtocolMessage& protocol, Content& out) {
  const Unwrapped edited = unwrap(protocol.edited_message());
  if (edited.innermost != nullptr) read_plain(*edited.innermost, out);
  out.kind = Kind::kEdit;
  out.media.reset();  // the file is the old one
  out.target = ref_of(protocol.key());
}

AppStateKeys read_keys(const proto::AppStateSyncKeyShare& share) {
  AppStateKeys out;
  for (const auto& key : share.keys()) {
    if (key.key_id().key_id().empty() || key.key_data().key_data().empty()) continue;
    out.keys.emplace_back(base::to_bytes(key.key_id().key_id()),
                          base::to_bytes(key.key_data().SerializeAsString()));
  }
  return out;
}

LidMappings read_mappings(const proto::LIDMigrationMappingSyncMessage& message) {
  LidMappings out;
  proto::LIDMigrationMappingSyncPayload payload;
  if (!payload.ParseFromString(message.encoded_mapping_payload())) return out;
  for (const auto& mapping : payload.pn_to_lid_mappings()) {
    const std::uint64_t lid = mapping.latest_lid() != 0 ? mapping.latest_lid() : mapping.assigned_lid();
    if (mapping.pn() == 0 || lid == 0) continue;
    out.pairs.emplace_back(std::to_string(mapping.pn()), std::to_string(lid));
  }
  return out;
}

void read_protocol(const ProtocolMessage& protocol, ReadMessage& out) {
  switch (protocol.type()) {
    case ProtocolMessage::REVOKE:
      out.content.kind = Kind::kRevoke;
      out.content.target = ref_of(protocol.key());
      break;
    case ProtocolMessage::MESSAGE_EDIT:
      read_edit(protocol, out.content);
      break;
    case ProtocolMessage::EPHEMERAL_SETTING:
      out.content.kind = Kind::kEphemeralSetting;
      out.content.part =
          EphemeralSetting{protocol.ephemeral_expiration(), protocol.ephemeral_setting_timestamp()};
      break;
    case ProtocolMessage::HISTORY_SYNC_NOTIFICATION:
      out.self_notice = HistorySyncNotice{base::to_bytes(protocol.history_sync_notification())};
      break;
    case ProtocolMessage::APP_STATE_SYNC_KEY_SHARE:
      out.self_notice = read_keys(protocol.app_state_sync_key_share());
      break;
    case ProtocolMessage::LID_MIGRATION_MAPPING_SYNC:
      out.self_notice = read_mappings(protocol.lid_migration_mapping_sync_message());
      break;
    case ProtocolMessage::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE:
      out.self_notice =
          PeerDataResponse{base::to_bytes(protocol.peer_data_operation_request_response_message())};
      break;
    case ProtocolMessage::APP_STATE_SYNC_KEY_REQUEST:
    case ProtocolMessage::MSG_FANOUT_BACKFILL_REQUEST:
    case ProtocolMessage::INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC:
    case ProtocolMessage::APP_STATE_FATAL_EXCEPTION_NOTIFICATION:
    case ProtocolMessage::PEER_DATA_OPERATION_REQUEST_MESSAGE:
      out.self_notice = OtherNotice{protocol.type()};
      break;
    default:
      break;  // nothing for people, nothing to do
  }
}

void read_content(const Message& message, ReadMessage& out) {
  const Unwrapped unwrapped = unwrap(message);
  out.content.view_once = unwrapped.view_once;
  out.content.ephemeral = unwrapped.ephemeral;
  if (unwrapped.too_deep) {
    out.content.kind = Kind::kUnsupported;
    out.content.part = Unsupported{"too_many_wrappers"};
    return;
  }
  if (unwrapped.innermost == nullptr) return;
  const KindOfField* field = field_of(*unwrapped.innermost);
  if (field != nullptr && field->has == &Message::has_protocol_message) {
    read_protocol(unwrapped.innermost->protocol_message(), out);
    return;
  }
  read_plain(*unwrapped.innermost, out.content);
  if (unwrapped.edited && out.content.kind != Kind::kNone) out.content.kind = Kind::kEdit;
}

void read_sender_key(const Message& message, ReadMessage& out) {
  if (out.sender_key || !message.has_sender_key_distribution_message()) return;
  const auto& share = message.sender_key_distribution_message();
  out.sender_key =
      SenderKeyShare{share.group_id(), base::to_bytes(share.axolotl_sender_key_distribution_message())};
}

base::Result<void> parse(base::ByteView bytes, Message& message) {
  google::protobuf::io::CodedInputStream input(bytes.data(), static_cast<int>(bytes.size()));
  input.SetRecursionLimit(kProtobufLevels);
  if (!message.ParseFromCodedStream(&input) || !input.ConsumedEntireMessage())
    return base::fail(base::ErrorCode::kMalformed, "the plaintext is no message");
  if (nesting(message, kMaxNesting) > kMaxNesting)
    return base::fail(base::ErrorCode::kLimit, "messages nested too deep");
  return {};
}

}  // namespace

base::Result<ReadMessage> read_message(base::ByteView unpadded) {
  Message message;
  WA_TRY_VOID(parse(unpadded, message));

  ReadMessage out;
  out.kept = kept_parts_of(message);
  read_sender_key(message, out);
  if (!message.has_device_sent_message()) {
    read_content(message, out);
    return out;
  }
  out.device_sent = DeviceSent{to_valid_utf8(message.device_sent_message().destination_jid())};
  const Message& inner = message.device_sent_message().message();
  read_sender_key(inner, out);
  read_content(inner, out);
  return out;
}

}  // namespace whatsapp::message
