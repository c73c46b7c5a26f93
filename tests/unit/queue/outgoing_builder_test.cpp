#include "queue/outgoing_builder.h"

#include <doctest/doctest.h>

#include "edge/json_codec.h"
#include "queue/queued_payload.h"

using namespace worker;
using whatsapp::binary::Jid;
using whatsapp::media::MediaKind;
using whatsapp::message::TargetMessage;
namespace say = whatsapp::message;
using From = TargetMessage::From;

namespace {

constexpr std::int64_t kNow = 1'760'000'000'123;

/// What the edge answers, through the very way that a queue entry goes: decoded, journalled, read again.
edge::QueuedMessage entry(const std::string& members) {
  const std::string body = R"({"messages":[{"id":"q1","to":"15550002222",)" + members + "}]}";
  auto listing = edge::json_codec::decode_queue(body, "inst");
  REQUIRE(listing);
  REQUIRE_MESSAGE(listing->messages.size() == 1, members);
  auto journalled = decode_payload(encode_payload(listing->messages.front()), "inst");
  REQUIRE(journalled);
  return *std::move(journalled);
}

BuiltMessage built(const std::string& members, const char* to = "15550002222@s.whatsapp.net") {
  auto out = build_outgoing(entry(members), *Jid::parse(to), kNow);
  REQUIRE_MESSAGE(out, (out ? std::string{} : out.error().word + " " + out.error().detail));
  return *std::move(out);
}

template <class T>
T content(const std::string& members) {
  const BuiltMessage message = built(members);
  REQUIRE(std::holds_alternative<T>(message.message.content));
  return std::get<T>(message.message.content);
}

std::string refused(const std::string& members) {
  const auto out = build_outgoing(entry(members), *Jid::parse("15550002222@s.whatsapp.net"), kNow);
  return out ? "accepted" : out.error().word + ": " + out.error().detail;
}

}  // namespace

TEST_CASE("a text with mentions, a quote and a given preview") {
  const BuiltMessage message = built(
      R"("body":"@15550001111 see https://example.org","mentions":["+1 555 000 1111","7@lid"],
         "quoted":{"id":"Q","sender":"15550003333","body":"what?"},
         "link_preview":{"url":"https://example.org","title":"Example","thumbnail_base64":"AQI="})");
  const auto& text = std::get<say::OutgoingText>(message.message.content);
  REQUIRE(text.preview);
  CHECK(text.preview->title == "Example");
  CHECK(text.preview->jpeg_thumbnail == base::Bytes{1, 2});
  const auto& context = message.message.context;
  CHECK(context.mentions == std::vector<std::string>{"15550001111@s.whatsapp.net", "7@lid"});
  REQUIRE(context.quote);
  CHECK(context.quote->author == "15550003333@s.whatsapp.net");
  CHECK_FALSE(context.quote->message.empty());

  CHECK_FALSE(
      content<say::OutgoingText>(R"("body":"no link","link_preview":{"url":"https://example.org"})").preview);
  const BuiltMessage baileys = built(
      R"("body":"x","quoted":{"key":{"id":"K","participant":"7@lid"},"message":{"conversation":"c"}},"mentionsEveryOne":true)");
  CHECK(baileys.message.context.quote->id == "K");
  CHECK(baileys.message.context.quote->author == "7@lid");
  CHECK(baileys.message.context.mention_all == say::OutgoingContext::MentionAll::kYes);
}

TEST_CASE("files go to the preparer, by the kind that was asked for") {
  const BuiltMessage image =
      built(R"("body":"look","media_url":"https://x/a.jpg","mime_type":"image/jpeg","view_once":true)");
  REQUIRE(image.media);
  CHECK(image.media->kind == MediaKind::kImage);
  CHECK(image.media->url == "https://x/a.jpg");
  CHECK(std::get<say::OutgoingMedia>(image.message.content).caption == "look");
  CHECK(image.message.context.view_once == say::OutgoingContext::ViewOnce::kYes);

  CHECK(built(R"("media_url":"u","media_type":"audio","ptt":true)").media->kind == MediaKind::kPtt);
  CHECK(built(R"("media_url":"u","media_type":"audio")").media->kind == MediaKind::kAudio);
  CHECK(built(R"("media_url":"u","mime_type":"application/pdf","file_name":"a.pdf")").media->file_name ==
        "a.pdf");
  for (const auto& [type, kind] : {std::pair{"gif", MediaKind::kGif},
                                   {"ptv", MediaKind::kPtv},
                                   {"sticker", MediaKind::kSticker},
                                   {"video", MediaKind::kVideo}})
    CHECK(built(R"("media_url":"u","type":")" + std::string{type} + "\"").media->kind == kind);
  CHECK(refused(R"("type":"image","body":"no file")") == "malformed-message: a file needs media_url");
  const auto channel = build_outgoing(entry(R"("media_url":"u")"), *Jid::parse("1@newsletter"), kNow);
  CHECK(channel->media->audience == MediaOrder::Audience::kChannel);
}

TEST_CASE("places, as our contract, Baileys and flat entries write them") {
  for (const char* members :
       {R"("type":"location","location":{"latitude":-23.5,"longitude":"-46.6","name":"Office"})",
        R"("type":"location","payload":{"degreesLatitude":-23.5,"degreesLongitude":-46.6,"name":"Office"})",
        R"("type":"location","latitude":-23.5,"longitude":-46.6,"title":"Office")"}) {
    const auto place = content<say::OutgoingLocation>(members);
    CHECK(place.latitude == doctest::Approx(-23.5));
    CHECK(place.longitude == doctest::Approx(-46.6));
    CHECK(place.name == "Office");
  }
  CHECK(refused(R"("type":"location","location":{"latitude":1})") ==
        "malformed-message: a location needs latitude and longitude");
}

TEST_CASE("contacts: a vCard as given, or one written from name and number") {
  const auto given = content<say::OutgoingContacts>(
      R"("type":"contact","contact":{"display_name":"Ann","vcard":"BEGIN:VCARD"})");
  CHECK(given.cards.front().vcard == "BEGIN:VCARD");
  const auto evolution = content<say::OutgoingContacts>(
      R"("type":"contact","contact":[{"fullName":"Ann; B","wuid":"15550001111","phoneNumber":"+1 555 000 1111",
         "organization":"X\nEND:VCARD"},{"fullName":"Bob","phoneNumber":"15550002222"}])");
  REQUIRE(evolution.cards.size() == 2);
  const std::string& vcard = evolution.cards.front().vcard;
  CHECK(vcard.find("waid=15550001111:+1 555 000 1111") != std::string::npos);
  CHECK(vcard.find("FN:Ann\\; B") != std::string::npos);
  CHECK(vcard.find("ORG:XEND:VCARD") != std::string::npos);
  CHECK(refused(R"("type":"contact","contact":{"display_name":"Ann"})") ==
        "malformed-message: a contact needs a vcard, or display_name and phone");
}

TEST_CASE("reactions, in every way in which people name a message") {
  const auto ours = content<say::OutgoingReaction>(
      R"("type":"reaction","reaction":{"target_id":"ID","target_sender":"7@lid","emoji":"👍"})");
  CHECK(ours.target.id == "ID");
  CHECK(ours.target.author == "7@lid");
  CHECK(ours.target.from == From::kThem);
  CHECK(ours.emoji == "👍");
  CHECK(ours.at_ms == kNow);
  const auto baileys = content<say::OutgoingReaction>(
      R"("type":"reaction","payload":{"text":"👍","key":{"id":"ID","fromMe":true,"remoteJid":"x"}})");
  CHECK(baileys.target.from == From::kMe);
  CHECK(baileys.emoji == "👍");
  const auto waha = content<say::OutgoingReaction>(
      R"("type":"reaction","messageId":"false_1-2@g.us_ABC_15550001111@c.us","reaction":"👍")");
  CHECK(waha.target.id == "ABC");
  CHECK(waha.target.author == "15550001111@s.whatsapp.net");
  CHECK(waha.emoji == "👍");
  const auto removed = content<say::OutgoingReaction>(
      R"("type":"reaction","body":"","reaction":{"target_id":"ID","emoji":""})");
  CHECK(removed.emoji.empty());
  CHECK(refused(R"("type":"reaction","body":"👍")") == "malformed-message: a reaction needs target_id");
}

TEST_CASE("polls and votes") {
  const auto ours = content<say::OutgoingPoll>(
      R"("type":"poll","poll":{"name":"Q","options":["a",{"name":"b"}],"selectable_count":0})");
  CHECK(ours.options == std::vector<std::string>{"a", "b"});
  CHECK(ours.selectable == 0);
  const auto baileys = content<say::OutgoingPoll>(
      R"("type":"poll","payload":{"poll":{"name":"Q","values":["a","b"],"selectableCount":2}})");
  CHECK(baileys.selectable == 2);
  CHECK(content<say::OutgoingPoll>(R"("type":"poll","poll":{"name":"Q","options":["a","b"]})").selectable ==
        1);
  CHECK(content<say::OutgoingPoll>(
            R"("type":"poll","poll":{"name":"Q","options":["a"],"multipleAnswers":true})")
            .selectable == 0);
  const auto vote =
      content<say::OutgoingPollVote>(R"("type":"poll_vote","poll_vote":{"poll_id":"P","options":["a"]})");
  CHECK(vote.poll.id == "P");
  CHECK(vote.options == std::vector<std::string>{"a"});
}

TEST_CASE("edits, revocations, pins and the disappearing setting") {
  const auto edit = content<say::OutgoingEdit>(R"("type":"edit","body":"new","edit":{"target_id":"ID"})");
  CHECK(edit.body == "new");
  CHECK(refused(R"("type":"edit","edit":{"target_id":"ID"})") ==
        "malformed-message: an edit needs a new text");

  CHECK(content<say::OutgoingRevoke>(R"("type":"revoke","revoke":{"target_id":"ID"})").target.from ==
        From::kMe);
  const auto admin = content<say::OutgoingRevoke>(
      R"("type":"delete","payload":{"key":{"id":"ID","fromMe":false,"participant":"7@lid"}})");
  CHECK(admin.target.from == From::kThem);
  CHECK(admin.target.author == "7@lid");

  const auto pin = content<say::OutgoingPin>(R"("type":"pin","pin":{"target_id":"ID","seconds":86400})");
  CHECK(pin.seconds == 86'400);
  CHECK(content<say::OutgoingPin>(R"("type":"unpin","pin":{"target_id":"ID"})").change ==
        say::OutgoingPin::Change::kUnpin);
  CHECK(content<say::OutgoingEphemeralSetting>(R"("type":"ephemeral_setting","payload":{"seconds":604800})")
            .seconds == 604'800);
}

TEST_CASE("a status goes to status@broadcast and to those who are named") {
  const BuiltMessage text = built(
      R"("type":"status","body":"hello","status":{"background_color":"#102030","font":2,"audience":["15550001111"]})");
  CHECK(text.message.to.to_string() == "status@broadcast");
  REQUIRE(text.message.audience.size() == 1);
  const auto& content = std::get<say::OutgoingText>(text.message.content);
  CHECK(content.background_argb == 0xff102030u);
  CHECK(content.font == 2u);
  const BuiltMessage picture = built(R"("type":"status","media_url":"u","mime_type":"image/png","body":"c")");
  CHECK(picture.media->kind == MediaKind::kImage);
  CHECK(picture.message.to.to_string() == "status@broadcast");
}

TEST_CASE("B10: what would be accepted and never shown is not sent") {
  CHECK(refused(R"("type":"buttons","body":"x","buttons":[{"id":"1"}])") ==
        "unsupported_kind: kind: buttons");
  CHECK(refused(R"("type":"list","body":"x")") == "unsupported_kind: kind: list");
}

TEST_CASE("a file that cannot be had fails for good, one that cannot be had now does not") {
  using base::Error;
  using base::ErrorCode;
  using Next = SendVerdict::Next;
  CHECK(judge_media(Error{ErrorCode::kLimit, "too large"}).word == "media_too_large");
  CHECK(judge_media(Error{ErrorCode::kRejected, "404"}).word == "media_download_failed");
  CHECK(judge_media(Error{ErrorCode::kRejected, "404"}).next == Next::kFail);
  CHECK(judge_media(Error{ErrorCode::kTimeout, "slow"}).next == Next::kTransient);
  CHECK(judge_media(Error{ErrorCode::kClosed, "gone"}).next == Next::kUnknown);
}
