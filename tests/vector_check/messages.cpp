// messages.json: serialised messages by another client, with their decoded form. Every one must be read, its
// kind and texts must be those of the decoded form, and no byte may be lost on the way through our schema.
// `normalized_content_type` is that client's view: it does not look into messages from own devices, and has
// no name for some content; there the decoded form alone counts.
#include <map>
#include <string>
#include <string_view>

#include "proto/message.pb.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/message/content.h"
#include "whatsapp/message/utf8.h"

namespace vector_check {
namespace {

using nlohmann::json;
using whatsapp::message::Content;
using whatsapp::message::ReadMessage;

const std::map<std::string_view, std::string_view> kKindOf{
    {"conversation", "text"},
    {"extendedTextMessage", "text"},
    {"imageMessage", "image"},
    {"videoMessage", "video"},
    {"ptvMessage", "ptv"},
    {"audioMessage", "audio"},
    {"documentMessage", "document"},
    {"stickerMessage", "sticker"},
    {"stickerPackMessage", "sticker_pack"},
    {"locationMessage", "location"},
    {"liveLocationMessage", "live_location"},
    {"contactMessage", "contact"},
    {"contactsArrayMessage", "contact"},
    {"reactionMessage", "reaction"},
    {"encReactionMessage", "reaction"},
    {"commentMessage", "comment"},
    {"encCommentMessage", "comment"},
    {"pollCreationMessage", "poll"},
    {"pollCreationMessageV2", "poll"},
    {"pollCreationMessageV3", "poll"},
    {"pollUpdateMessage", "poll_vote"},
    {"pollResultSnapshotMessage", "poll_result"},
    {"secretEncryptedMessage", "unsupported"},
    {"requestPhoneNumberMessage", "unsupported"},
    {"fastRatchetKeySenderKeyDistributionMessage", "none"},
    {"albumMessage", "none"},
    {"placeholderMessage", "unsupported"},
    {"buttonsMessage", "interactive"},
    {"listMessage", "interactive"},
    {"templateMessage", "interactive"},
    {"interactiveMessage", "interactive"},
    {"highlyStructuredMessage", "interactive"},
    {"buttonsResponseMessage", "interactive_reply"},
    {"listResponseMessage", "interactive_reply"},
    {"templateButtonReplyMessage", "interactive_reply"},
    {"interactiveResponseMessage", "interactive_reply"},
    {"productMessage", "product"},
    {"orderMessage", "order"},
    {"groupInviteMessage", "group_invite"},
    {"newsletterAdminInviteMessage", "channel_invite"},
    {"eventMessage", "event"},
    {"encEventResponseMessage", "event_response"},
    {"pinInChatMessage", "pin"},
    {"keepInChatMessage", "keep"},
    {"scheduledCallCreationMessage", "call_log"},
    {"bcallMessage", "call_log"},
    {"requestPaymentMessage", "payment"},
    {"sendPaymentMessage", "payment"},
};

/// The decoded message below wrappers: an object whose only content is {"message": {…}}, under any name.
const json& unwrapped(const json& message) {
  for (const auto& [name, value] : message.items())
    if (name != "commentMessage" && value.is_object() && value.contains("message") &&
        value.at("message").is_object())
      return unwrapped(value.at("message"));
  return message;
}

std::string string_at(const json& object, std::initializer_list<const char*> path) {
  const json* here = &object;
  for (const char* name : path) {
    if (!here->is_object() || !here->contains(name)) return {};
    here = &here->at(name);
  }
  return here->is_string() ? here->get<std::string>() : std::string{};
}

std::string protocol_kind(const json& message) {
  const std::string type = string_at(message, {"protocolMessage", "type"});
  if (type == "MESSAGE_EDIT") return "edit";
  if (type == "EPHEMERAL_SETTING") return "ephemeral_setting";
  // An absent type is the enum's first value.
  if (type == "REVOKE" || type.empty()) return "revoke";
  return "none";
}

std::string expected_kind(const std::string& type, const json& message) {
  if (type == "protocolMessage") return protocol_kind(message);
  const auto found = kKindOf.find(type);
  if (found == kKindOf.end()) return {};
  const json& content = message.contains(type) ? message.at(type) : json::object();
  if (type == "videoMessage" && content.value("gifPlayback", false)) return "gif";
  if (type == "audioMessage" && content.value("ptt", false)) return "ptt";
  return std::string{found->second};
}

std::string expected_text(const json& message) {
  if (message.contains("protocolMessage")) {
    if (protocol_kind(message) != "edit") return {};
    const json& protocol = message.at("protocolMessage");
    return protocol.contains("editedMessage") ? expected_text(unwrapped(protocol.at("editedMessage"))) : "";
  }
  if (message.contains("commentMessage") && message.at("commentMessage").contains("message"))
    return expected_text(unwrapped(message.at("commentMessage").at("message")));
  for (const auto path : {std::initializer_list<const char*>{"conversation"},
                          {"extendedTextMessage", "text"},
                          {"imageMessage", "caption"},
                          {"videoMessage", "caption"},
                          {"ptvMessage", "caption"},
                          {"documentMessage", "caption"},
                          {"locationMessage", "name"},
                          {"liveLocationMessage", "caption"},
                          {"contactMessage", "displayName"},
                          {"reactionMessage", "text"}}) {
    std::string text = string_at(message, path);
    if (!text.empty()) return text;
  }
  return {};
}

const json* context_of(const json& message) {
  for (const char* name : {"extendedTextMessage", "imageMessage", "videoMessage", "ptvMessage",
                           "audioMessage", "documentMessage", "stickerMessage"})
    if (message.contains(name) && message.at(name).contains("contextInfo"))
      return &message.at(name).at("contextInfo");
  return nullptr;
}

void check_context(const json& context, const Content& content, Case& check) {
  check.expect_equal(content.quoted_id, string_at(context, {"stanzaId"}), "quoted id");
  std::vector<std::string> mentions;
  if (context.contains("mentionedJid")) mentions = context.at("mentionedJid").get<std::vector<std::string>>();
  check.expect(content.mentions == mentions, "mentions");
}

void check_round_trip(const base::Bytes& bytes, Case& check) {
  whatsapp::proto::Message message;
  const bool parsed = message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  check.expect(parsed, "our schema does not parse it");
  check.expect(message.SerializeAsString().size() == bytes.size(), "bytes were lost by our schema");
}

void check_message(const json& entry, Case& check) {
  const base::Bytes bytes = hex_bytes(entry, "message");
  const auto read = whatsapp::message::read_message(bytes);
  check.expect_success(read, "was not read");
  if (!read) return;
  check_round_trip(bytes, check);

  const json& decoded = unwrapped(entry.at("json"));
  const Content& content = read->content;
  if (present(entry, "normalized_content_type") && !read->device_sent) {
    const std::string kind = expected_kind(text(entry, "normalized_content_type"), decoded);
    if (!kind.empty()) check.expect_equal(whatsapp::message::to_string(content.kind), kind, "kind");
  }
  check.expect_equal(content.kind == whatsapp::message::Kind::kPoll ? "" : content.text,
                     expected_text(decoded), "text");
  if (const json* context = context_of(decoded)) check_context(*context, content, check);
  check.expect(read->sender_key.has_value() == entry.at("json").contains("senderKeyDistributionMessage"),
               "sender key");
}

/// Refused if any library refuses it; what all accept is read, and its text made valid.
void check_malformed(const json& entry, Case& check) {
  const auto read = whatsapp::message::read_message(hex_bytes(entry, "message"));
  if (!entry.at("rejected_by").empty()) {
    check.expect(!read.has_value(), "was accepted");
  } else if (read) {
    check.expect_equal(read->content.text, whatsapp::message::to_valid_utf8(read->content.text),
                       "text is not valid UTF-8");
  }
}

}  // namespace

Outcome run_messages(const json& file) {
  Report report;
  for (const char* list : {"cases", "baileys_made"})
    for_each_case(file, list, [&](const std::string& name, const json& entry) {
      report.run(name, [&](Case& check) { check_message(entry, check); });
    });
  for_each_case(file, "malformed", [&](const std::string& name, const json& entry) {
    report.run(name, [&](Case& check) { check_malformed(entry, check); });
  });
  return report.take();
}

}  // namespace vector_check
