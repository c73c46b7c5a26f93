#include "queue/outgoing_builder.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "queue/contact_cards.h"
#include "queue/payload_fields.h"
#include "runtime/json.h"
#include "whatsapp/message/content_builder.h"

namespace worker {
namespace {

using Json = nlohmann::json;
using whatsapp::binary::Jid;
using whatsapp::media::MediaKind;
using whatsapp::message::OutgoingContent;
using whatsapp::message::OutgoingContext;
using whatsapp::message::TargetMessage;
namespace say = whatsapp::message;

using Content = std::expected<OutgoingContent, std::string>;  // or why not

constexpr std::size_t kMostOptions = 64;
constexpr std::size_t kMostAudience = 5'000;
constexpr std::size_t kLargestThumbnail = 64u << 10;
constexpr const char* kStatus = "status@broadcast";

SendVerdict refusal(const char* word, std::string detail) {
  return {SendVerdict::Next::kFail, word, std::move(detail), edge::Retryable::kNo};
}

std::unexpected<std::string> because(std::string why) { return std::unexpected(std::move(why)); }

// ---- the message that another one is about ------------------------------------------------------------

/// WAHA's ids name chat and author too: true_123@c.us_ID, false_1-2@g.us_ID_123@c.us.
void read_serialised_id(TargetMessage& target) {
  const bool mine = target.id.starts_with("true_");
  if (!mine && !target.id.starts_with("false_")) return;
  const std::size_t chat = target.id.find('_') + 1;
  const std::size_t id = target.id.find('_', chat);
  if (id == std::string::npos) return;
  const std::size_t end = target.id.find('_', id + 1);
  if (end != std::string::npos && target.author.empty())
    target.author = payload::jid(target.id.substr(end + 1));
  target.from = mine ? TargetMessage::From::kMe : TargetMessage::From::kThem;
  target.id = target.id.substr(id + 1, end == std::string::npos ? end : end - id - 1);
}

TargetMessage target_in(const Json& json) {
  TargetMessage out;
  const Json* key = payload::find(json, {"key", "message_key"});
  const Json& from = key != nullptr && key->is_object() ? *key : json;
  out.id = payload::text(from, {"target_id", "message_id", "messageId", "wa_message_id", "poll_id", "id"});
  out.author = payload::jid(payload::text(from, {"target_sender", "participant", "sender", "author"}));
  const auto mine = payload::truth(from, {"target_from_me", "from_me", "fromMe"});
  if (mine.value_or(false)) out.from = TargetMessage::From::kMe;
  read_serialised_id(out);
  return out;
}

Content reaction_in(const edge::QueuedMessage& queued, const Json& json, std::int64_t now_ms) {
  say::OutgoingReaction out{target_in(json), queued.body, now_ms};
  if (const Json* emoji = payload::find(json, {"emoji", "text", "reaction"});
      emoji != nullptr && emoji->is_string())
    out.emoji = emoji->get<std::string>();
  if (out.target.id.empty()) return because("a reaction needs target_id");
  return out;
}

Content edit_in(const edge::QueuedMessage& queued, const Json& json, std::int64_t now_ms) {
  say::OutgoingEdit out{target_in(json), queued.body, now_ms, {}};
  if (out.body.empty()) out.body = payload::text(json, {"body", "text", "new_text"});
  if (out.target.id.empty()) return because("an edit needs target_id");
  if (out.body.empty()) return because("an edit needs a new text");
  return out;
}

/// Our own, unless somebody else is named as the author.
Content revoke_in(const Json& json) {
  say::OutgoingRevoke out{target_in(json)};
  if (out.target.id.empty()) return because("a revocation needs target_id");
  const bool theirs = payload::truth(json, {"target_from_me", "from_me", "fromMe"}) == false;
  if (out.target.author.empty() && !theirs) out.target.from = TargetMessage::From::kMe;
  return out;
}

Content pin_in(const edge::QueuedMessage& queued, const Json& json, std::int64_t now_ms) {
  say::OutgoingPin out;
  out.target = target_in(json);
  out.at_ms = now_ms;
  out.seconds = payload::count(json, {"seconds", "duration", "time"}).value_or(out.seconds);
  if (queued.type == "unpin" || payload::truth(json, {"pinned"}) == false)
    out.change = say::OutgoingPin::Change::kUnpin;
  if (out.target.id.empty()) return because("a pin needs target_id");
  return out;
}

Content vote_in(const Json& json, std::int64_t now_ms) {
  say::OutgoingPollVote out;
  out.poll = target_in(json);
  out.options = payload::texts(json, {"options", "votes", "values", "option"}, {"name"}, kMostOptions);
  out.at_ms = now_ms;
  if (out.poll.id.empty()) return because("a vote needs poll_id");
  return out;
}

// ---- things -------------------------------------------------------------------------------------------

Content location_in(const Json& json) {
  const auto latitude = payload::number(json, {"latitude", "degreesLatitude", "lat"});
  const auto longitude = payload::number(json, {"longitude", "degreesLongitude", "lng", "lon", "long"});
  if (!latitude || !longitude) return because("a location needs latitude and longitude");
  return say::OutgoingLocation{*latitude, *longitude, payload::text(json, {"name", "title"}),
                               payload::text(json, {"address"}), payload::text(json, {"url"})};
}

Content contacts_in(const Json& json) {
  auto cards = contact_cards(json);
  if (!cards) return because(std::move(cards).error());
  return *std::move(cards);
}

Content poll_in(const edge::QueuedMessage& queued, const Json& json) {
  const Json* inside = payload::find(json, {"poll"});
  const Json& poll = inside != nullptr && inside->is_object() ? *inside : json;
  say::OutgoingPoll out;
  out.name = payload::text(poll, {"name", "question", "title"});
  if (out.name.empty()) out.name = queued.body;
  out.options = payload::texts(poll, {"options", "values"}, {"name", "optionName"}, kMostOptions);
  const bool several = payload::truth(poll, {"multiple_answers", "multipleAnswers"}).value_or(false);
  out.selectable =
      payload::count(poll, {"selectable_count", "selectableCount", "selectable"}).value_or(several ? 0 : 1);
  return out;
}

Content ephemeral_in(const Json& json) {
  const auto seconds = payload::count(json, {"seconds", "expiration"});
  if (!seconds) return because("a disappearing setting needs seconds");
  return say::OutgoingEphemeralSetting{*seconds};
}

base::Bytes thumbnail_in(const Json& json) {
  const std::string text = payload::text(json, {"thumbnail_base64", "jpegThumbnail", "thumbnail"});
  auto bytes = base::from_base64(text);
  if (text.empty() || !bytes || bytes->size() > kLargestThumbnail) return {};
  return *std::move(bytes);
}

std::optional<say::LinkPreview> preview_in(const Json& extras, const std::string& body) {
  const Json* json = payload::find(extras, {"link_preview", "linkPreview", "preview"});
  if (json == nullptr || !json->is_object()) return std::nullopt;
  say::LinkPreview out{payload::text(*json, {"url", "matched_text", "matched-text", "canonical-url"}),
                       payload::text(*json, {"title"}), payload::text(*json, {"description"}),
                       thumbnail_in(*json)};
  // Clients show the preview of what stands in the text, and of nothing else.
  if (out.url.empty() || body.find(out.url) == std::string::npos) return std::nullopt;
  return out;
}

/// "#RRGGBB", "#AARRGGBB" or a number.
std::optional<std::uint32_t> colour_in(const Json& json) {
  constexpr std::uint32_t kOpaque = 0xff00'0000;
  if (const auto value = payload::count(json, {"background_color", "backgroundColor", "background_argb"}))
    return *value;
  const std::string text = payload::text(json, {"background_color", "backgroundColor"});
  if (!text.starts_with('#')) return std::nullopt;
  const auto bytes = base::from_hex(std::string_view{text}.substr(1));
  if (!bytes || (bytes->size() != 3 && bytes->size() != 4)) return std::nullopt;
  std::uint32_t value = bytes->size() == 3 ? kOpaque : 0;
  for (std::size_t i = 0; i < bytes->size(); ++i)
    value |= static_cast<std::uint32_t>((*bytes)[bytes->size() - 1 - i]) << (8 * i);
  return value;
}

Content status_text_in(const edge::QueuedMessage& queued, const Json& json) {
  say::OutgoingText out{.body = queued.body};
  if (out.body.empty()) out.body = payload::text(json, {"text", "content", "body"});
  if (out.body.empty()) return because("a status needs a text or a file");
  constexpr std::uint32_t kDefaultBackground = 0xff1f'2c34;
  out.background_argb = colour_in(json).value_or(kDefaultBackground);
  out.font = payload::count(json, {"font"}).value_or(0);
  return out;
}

std::vector<Jid> audience_in(const Json& json) {
  std::vector<Jid> out;
  for (const auto& written :
       payload::texts(json, {"audience", "statusJidList", "contacts"}, {"jid", "id"}, kMostAudience))
    if (auto jid = Jid::parse(payload::jid(written))) out.push_back(*std::move(jid));
  return out;
}

// ---- files --------------------------------------------------------------------------------------------

std::optional<MediaKind> kind_of_file(std::string_view type) {
  constexpr auto kKinds = std::to_array<std::pair<std::string_view, MediaKind>>({
      {"image", MediaKind::kImage},
      {"video", MediaKind::kVideo},
      {"gif", MediaKind::kGif},
      {"ptv", MediaKind::kPtv},
      {"audio", MediaKind::kAudio},
      {"ptt", MediaKind::kPtt},
      {"voice", MediaKind::kPtt},
      {"document", MediaKind::kDocument},
      {"sticker", MediaKind::kSticker},
  });
  for (const auto& [word, kind] : kKinds)
    if (word == type) return kind;
  return std::nullopt;
}

MediaOrder order_of(const edge::QueuedMessage& queued, MediaKind kind, const Jid& to) {
  MediaOrder out{queued.id, queued.media->url, kind, queued.media->mime_type, queued.media->file_name, {}};
  if (to.is_newsletter()) out.audience = MediaOrder::Audience::kChannel;
  return out;
}

// ---- the whole ----------------------------------------------------------------------------------------

OutgoingContext context_of(const edge::QueuedMessage& queued, const Json& extras) {
  OutgoingContext out;
  if (!queued.quoted_id.empty()) {
    say::Quote quote{queued.quoted_id, payload::jid(queued.quoted_sender), {}, {}};
    if (!queued.quoted_body.empty()) quote.message = say::build_text({queued.quoted_body, {}, {}}, {});
    out.quote = std::move(quote);
  }
  for (const std::string& mention : queued.mentions)
    if (auto jid = payload::jid(mention); !jid.empty()) out.mentions.push_back(std::move(jid));
  if (payload::truth(extras, {"view_once", "viewOnce"}).value_or(false))
    out.view_once = OutgoingContext::ViewOnce::kYes;
  if (payload::truth(extras, {"mention_all", "mentionsEveryOne"}).value_or(false))
    out.mention_all = OutgoingContext::MentionAll::kYes;
  if (payload::truth(extras, {"forwarded"}).value_or(false)) out.forwarding_score = 1;
  return out;
}

Json parsed(const std::string& text) {
  if (text.empty()) return Json::object();
  auto json = runtime::parse_json(text);
  return json ? *std::move(json) : Json::object();
}

bool is_one_of(std::string_view type, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, type) != words.end();
}

/// Nothing: no such kind.
std::optional<Content> content_of(const edge::QueuedMessage& queued, const Json& json, const Json& extras,
                                  std::int64_t now_ms) {
  const std::string& type = queued.type;
  if (type == "text")
    return say::OutgoingText{.body = queued.body, .preview = preview_in(extras, queued.body)};
  if (type == "location") return location_in(json);
  if (is_one_of(type, {"contact", "contacts", "vcard"})) return contacts_in(json);
  if (is_one_of(type, {"reaction", "react"})) return reaction_in(queued, json, now_ms);
  if (type == "poll") return poll_in(queued, json);
  if (type == "poll_vote") return vote_in(json, now_ms);
  if (type == "edit") return edit_in(queued, json, now_ms);
  if (is_one_of(type, {"revoke", "delete"})) return revoke_in(json);
  if (is_one_of(type, {"pin", "unpin"})) return pin_in(queued, json, now_ms);
  if (is_one_of(type, {"ephemeral_setting", "disappearing"})) return ephemeral_in(json);
  if (type == "status") return status_text_in(queued, json);
  return std::nullopt;
}

/// Of a status with a file: what its MIME type says.
std::string file_type_of(const edge::QueuedMessage& queued) {
  if (queued.media && queued.type == "status") return queued.media->media_type;
  return queued.type;
}

}  // namespace

std::expected<BuiltMessage, SendVerdict> build_outgoing(const edge::QueuedMessage& queued, Jid to,
                                                        std::int64_t now_ms) {
  const Json json = parsed(queued.payload_json);
  const Json extras = parsed(queued.extras_json);
  BuiltMessage out;
  out.message.to = std::move(to);
  out.message.context = context_of(queued, extras);
  if (queued.type == "status") {
    out.message.to = *Jid::parse(kStatus);
    out.message.audience = audience_in(json);
  }
  if (const auto kind = kind_of_file(file_type_of(queued))) {
    if (!queued.media)
      return std::unexpected(refusal(failure_word::kMalformedMessage, "a file needs media_url"));
    out.media = order_of(queued, *kind, out.message.to);
    out.message.content = say::OutgoingMedia{{}, queued.body};
    return out;
  }
  auto content = content_of(queued, json, extras, now_ms);
  if (!content)
    return std::unexpected(refusal(failure_word::kUnsupportedKind, "kind: " + queued.type.substr(0, 32)));
  if (!*content)
    return std::unexpected(refusal(failure_word::kMalformedMessage, std::move(*content).error()));
  out.message.content = **std::move(content);
  return out;
}

SendVerdict judge_media(const base::Error& error) {
  using base::ErrorCode;
  using Next = SendVerdict::Next;
  switch (error.code) {
    case ErrorCode::kLimit:
      return refusal(failure_word::kMediaTooLarge, error.message);
    case ErrorCode::kClosed:
    case ErrorCode::kCancelled:
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
      return {Next::kUnknown, {}, error.message, edge::Retryable::kYes};
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
      return {Next::kTransient, failure_word::kMediaDownloadFailed, error.message, edge::Retryable::kYes};
    default:
      return refusal(failure_word::kMediaDownloadFailed, error.message);
  }
}

}  // namespace worker
