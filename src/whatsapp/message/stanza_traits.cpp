#include "whatsapp/message/stanza_traits.h"

#include <climits>
#include <string_view>

#include "proto/message.pb.h"
#include "proto/message_secret.pb.h"
#include "whatsapp/message/unwrap.h"

namespace whatsapp::message {
namespace {

using proto::Message;
using proto::ProtocolMessage;

// Values of the attribute `edit`.
constexpr const char* kEdited = "1";
constexpr const char* kPinned = "2";
constexpr const char* kTakenBack = "7";       // own message, own reaction
constexpr const char* kRevokedByAdmin = "8";  // somebody else's message

enum SecretType { kEventEdit = 1, kMessageEdit = 2, kPollEdit = 4, kPollAddOption = 5 };

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == std::string::npos; }

std::string_view mediatype_of(const Message& message) {
  if (message.has_image_message()) return "image";
  if (message.has_video_message()) return message.video_message().gif_playback() ? "gif" : "video";
  if (message.has_ptv_message()) return "ptv";
  if (message.has_audio_message()) return message.audio_message().ptt() ? "ptt" : "audio";
  if (message.has_document_message()) return "document";
  if (message.has_sticker_message()) return "sticker";
  if (message.has_sticker_pack_message()) return "sticker_pack";
  if (message.has_location_message())
    return message.location_message().is_live() ? "livelocation" : "location";
  if (message.has_live_location_message()) return "livelocation";
  if (message.has_contact_message()) return "vcard";
  if (message.has_contacts_array_message()) return "contact_array";
  if (!is_blank(message.extended_text_message().matched_text()) || message.has_group_invite_message())
    return "url";
  if (message.has_list_response_message()) return "list_response";
  if (message.has_buttons_response_message()) return "buttons_response";
  if (message.has_order_message()) return "order";
  if (message.has_product_message()) return "product";
  if (message.has_interactive_response_message()) return "native_flow_response";
  return {};
}

bool is_view_once(const Message& message) {
  return message.image_message().view_once() || message.video_message().view_once() ||
         message.audio_message().view_once();
}

void hide(StanzaTraits& out) { out.decrypt_fail = StanzaTraits::DecryptFail::kHide; }

void read_protocol(const ProtocolMessage& protocol, StanzaTraits& out) {
  switch (protocol.type()) {
    case ProtocolMessage::REVOKE:
      out.edit = protocol.key().from_me() ? kTakenBack : kRevokedByAdmin;
      return;
    case ProtocolMessage::MESSAGE_EDIT:
      out.edit = kEdited;
      return;
    case ProtocolMessage::EPHEMERAL_SYNC_RESPONSE:
    case ProtocolMessage::REQUEST_WELCOME_MESSAGE:
      hide(out);
      return;
    case ProtocolMessage::GROUP_MEMBER_LABEL_CHANGE:
      hide(out);
      out.meta = {{"appdata", "member_tag"}, {"tag_reason", "user_update"}};
      return;
    default:
      if (protocol.has_edited_message()) hide(out);
  }
}

void read_secret_encrypted(const Message& message, StanzaTraits& out) {
  proto::EncryptedAddOnMessage wire;
  if (!wire.ParseFromString(message.secret_encrypted_message())) return;
  switch (wire.secret_enc_type()) {
    case kEventEdit:
      out.type = "event";
      out.meta = {{"event_type", "edit"}};
      return hide(out);
    case kMessageEdit:
      out.edit = kEdited;
      return;
    case kPollEdit:
    case kPollAddOption:
      out.type = "poll";
      out.meta = {{"polltype", "edit"}};
      return hide(out);
    default:
      return;
  }
}

/// Polls, events and what is said about other messages. False: none of them.
bool read_special(const Message& message, StanzaTraits& out) {
  if (message.has_reaction_message() || message.has_enc_reaction_message()) {
    out.type = "reaction";
    const bool removed = message.has_reaction_message() && message.reaction_message().text().empty();
    if (removed) out.edit = kTakenBack;
    hide(out);
  } else if (poll_in(message) != nullptr) {
    out.type = "poll";
    out.meta = {{"polltype", "creation"}};
  } else if (message.has_poll_update_message()) {
    out.type = "poll";
    out.meta = {{"polltype", "vote"}};
    hide(out);
  } else if (message.has_poll_result_snapshot_message() || message.has_poll_result_snapshot_message_v3()) {
    out.meta = {{"polltype", "result_snapshot"}};
  } else if (message.has_event_message()) {
    out.type = "event";
    out.meta = {{"event_type", "creation"}};
  } else if (message.has_enc_event_response_message()) {
    out.type = "event";
    out.meta = {{"event_type", "response"}};
    hide(out);
  } else if (message.has_pin_in_chat_message()) {
    out.edit = kPinned;
  } else if (message.has_keep_in_chat_message()) {
    constexpr int kUndoKeep = 2;
    if (message.keep_in_chat_message().keep_type() == kUndoKeep) out.edit = kTakenBack;
    hide(out);
  } else if (message.has_protocol_message()) {
    read_protocol(message.protocol_message(), out);
  } else if (message.has_secret_encrypted_message()) {
    read_secret_encrypted(message, out);
  } else if (message.has_enc_comment_message() || message.has_message_history_notice()) {
    hide(out);
  } else {
    return false;
  }
  return true;
}

}  // namespace

StanzaTraits traits_of(base::ByteView bytes) {
  StanzaTraits out;
  Message message;
  if (bytes.size() > INT_MAX || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return out;
  const Unwrapped unwrapped = unwrap(message);
  if (unwrapped.innermost == nullptr) return out;
  const Message& content = *unwrapped.innermost;
  if (!read_special(content, out)) {
    out.mediatype = mediatype_of(content);
    if (!out.mediatype.empty()) out.type = "media";
    if (is_view_once(content)) out.meta.emplace_back("view_once", "true");
  }
  if (unwrapped.edited && out.edit.empty()) out.edit = kEdited;
  if (!out.edit.empty()) hide(out);
  return out;
}

}  // namespace whatsapp::message
