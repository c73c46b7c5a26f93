#include "whatsapp/message/content_builder.h"

#include <doctest/doctest.h>

#include "base/encoding.h"
#include "proto/message.pb.h"
#include "proto/message_parts.pb.h"
#include "whatsapp/message/kept_parts.h"
#include "whatsapp/message/message_secret.h"
#include "whatsapp/message/message_secret_content.h"
#include "whatsapp/message/stanza_traits.h"

using namespace whatsapp;
using namespace whatsapp::message;
using From = TargetMessage::From;

namespace {

constexpr const char* kChat = "15550002222@s.whatsapp.net";
constexpr const char* kGroup = "120363000000000001@g.us";
const MessageSecret kSecret{9};

struct Built {
  proto::Message wire;
  StanzaTraits traits;
};

Built built(const OutgoingContent& content, OutgoingContext context = {}) {
  if (context.chat.empty()) context.chat = kChat;
  const auto bytes = build_message(content, context, kSecret);
  REQUIRE_MESSAGE(bytes, (bytes ? std::string{} : bytes.error().message));
  Built out;
  REQUIRE(out.wire.ParseFromArray(bytes->data(), static_cast<int>(bytes->size())));
  out.traits = traits_of(*bytes);
  return out;
}

bool refused(const OutgoingContent& content) {
  const auto bytes = build_message(content, {.chat = kChat}, kSecret);
  return !bytes && bytes.error().code == base::ErrorCode::kInvalidArgument;
}

bool hidden(const Built& message) { return message.traits.decrypt_fail == StanzaTraits::DecryptFail::kHide; }

OutgoingMedia file(media::MediaKind kind) {
  OutgoingMedia out;
  out.file.kind = kind;
  out.file.direct_path = "/v/t62/abc";
  out.file.media_key = media::MediaKey{base::FixedBytes<32>{1}};
  out.file.file_sha256 = crypto::Sha256Digest{2};
  out.file.file_enc_sha256 = crypto::Sha256Digest{3};
  out.file.length = 1234;
  out.file.media_key_timestamp = 1'700'000'000;
  return out;
}

OutgoingPoll poll(std::uint32_t selectable) { return {"Lunch?", {"Pizza", "Soup"}, selectable}; }

using Meta = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("a text with a given preview is sent as a link") {
  const OutgoingText text{.body = "see https://example.org",
                          .preview = LinkPreview{"https://example.org", "Example", "A page", {1, 2}}};
  const Built link = built(text);
  CHECK(link.wire.extended_text_message().matched_text() == "https://example.org");
  CHECK(link.wire.extended_text_message().title() == "Example");
  CHECK(link.traits.type == "media");
  CHECK(link.traits.mediatype == "url");
  CHECK(refused(OutgoingText{}));
}

TEST_CASE("a message in a chat whose messages disappear says so") {
  const Built text = built(OutgoingText{.body = "hi"}, {.expiration = 86'400, .expiration_set_at = 17});
  const auto& context = text.wire.extended_text_message().context_info();
  CHECK(context.expiration() == 86'400);
  CHECK(context.ephemeral_setting_timestamp() == 17);
  CHECK(context.has_disappearing_mode());
}

TEST_CASE("a quoted message goes along without its own quote and secret") {
  OutgoingContext inner;
  inner.chat = kChat;
  inner.quote = Quote{"OLD", kChat};
  const auto original = build_message(OutgoingText{.body = "first"}, inner, kSecret);
  REQUIRE(original);
  const Built answer = built(OutgoingText{.body = "second"}, {.quote = Quote{"FIRST", kChat, *original}});
  const auto& quoted = answer.wire.extended_text_message().context_info().quoted_message();
  CHECK(quoted.extended_text_message().text() == "first");
  CHECK_FALSE(quoted.extended_text_message().has_context_info());
  CHECK_FALSE(quoted.has_message_context_info());
}

TEST_CASE("every kind of file goes into its own field, and the stanza names it") {
  using media::MediaKind;
  OutgoingMedia image = file(MediaKind::kImage);
  image.caption = "look";
  const Built picture = built(image, {.view_once = OutgoingContext::ViewOnce::kYes});
  CHECK(picture.wire.image_message().caption() == "look");
  CHECK(picture.wire.image_message().mimetype() == "image/jpeg");
  CHECK(picture.wire.image_message().media_key().size() == 32);
  CHECK(picture.wire.image_message().view_once());
  CHECK(picture.traits.meta == Meta{{"view_once", "true"}});
  CHECK(picture.traits.mediatype == "image");
  CHECK(picture.traits.type == "media");

  CHECK(built(file(MediaKind::kVideo)).traits.mediatype == "video");
  const Built gif = built(file(MediaKind::kGif));
  CHECK(gif.wire.video_message().gif_playback());
  CHECK(gif.traits.mediatype == "gif");
  CHECK(built(file(MediaKind::kPtv)).wire.has_ptv_message());
  CHECK(built(file(MediaKind::kPtv)).traits.mediatype == "ptv");
  CHECK(built(file(MediaKind::kAudio)).traits.mediatype == "audio");
  OutgoingMedia voice = file(MediaKind::kPtt);
  voice.file.mimetype = "audio/ogg";
  voice.file.waveform = base::Bytes(64, 50);
  const Built note = built(voice);
  CHECK(note.wire.audio_message().ptt());
  CHECK(note.wire.audio_message().mimetype() == "audio/ogg; codecs=opus");
  CHECK(note.traits.mediatype == "ptt");
  CHECK(built(file(MediaKind::kSticker)).traits.mediatype == "sticker");
  CHECK(built(file(MediaKind::kDocument)).wire.document_message().file_name() == "file");
  CHECK(refused(file(MediaKind::kHistory)));
  CHECK(refused(OutgoingMedia{}));
}

TEST_CASE("a document with a caption is wrapped, and the stanza is still a document's") {
  OutgoingMedia document = file(media::MediaKind::kDocument);
  document.caption = "the contract";
  document.file.file_name = "c.pdf";
  const Built message = built(document);
  const auto& inner = message.wire.document_with_caption_message().message().document_message();
  CHECK(inner.caption() == "the contract");
  CHECK(inner.title() == "c.pdf");
  CHECK(message.traits.mediatype == "document");
}

TEST_CASE("locations and contacts") {
  const Built place = built(OutgoingLocation{-23.5, -46.6, "Office", "Street 1", {}});
  CHECK(place.wire.location_message().degrees_latitude() == doctest::Approx(-23.5));
  CHECK(place.traits.mediatype == "location");
  CHECK(refused(OutgoingLocation{91, 0, {}, {}, {}}));
  CHECK(refused(OutgoingLocation{std::numeric_limits<double>::quiet_NaN(), 0, {}, {}, {}}));

  const OutgoingContacts one{{}, {{"Ann", "BEGIN:VCARD"}}};
  CHECK(built(one).wire.contact_message().display_name() == "Ann");
  CHECK(built(one).traits.mediatype == "vcard");
  const OutgoingContacts two{{}, {{"Ann", "BEGIN:VCARD"}, {"Bob", "BEGIN:VCARD"}}};
  const Built both = built(two, {.quote = Quote{"Q", kChat}});
  proto::ContactsArrayMessage array;
  REQUIRE(array.ParseFromString(both.wire.contacts_array_message()));
  CHECK(array.display_name() == "2 contacts");
  CHECK(array.contacts(1).display_name() == "Bob");
  CHECK(array.context_info().stanza_id() == "Q");
  CHECK(both.traits.mediatype == "contact_array");
  CHECK(refused(OutgoingContacts{}));
}

TEST_CASE("a reaction names its message; an empty one takes it back") {
  const Built like = built(OutgoingReaction{{"ID", kChat, From::kThem}, "👍", 5});
  CHECK(like.wire.reaction_message().text() == "👍");
  CHECK(like.wire.reaction_message().key().remote_jid() == kChat);
  CHECK_FALSE(like.wire.reaction_message().key().from_me());
  CHECK_FALSE(like.wire.reaction_message().key().has_participant());
  CHECK(like.traits.type == "reaction");
  CHECK(like.traits.edit.empty());
  CHECK(hidden(like));
  CHECK_FALSE(like.wire.has_message_context_info());
  CHECK(built(OutgoingReaction{{"ID", {}, From::kMe}, "", 5}).traits.edit == "7");
  const Built in_group = built(OutgoingReaction{{"ID", kChat, From::kThem}, "👍", 5}, {.chat = kGroup});
  CHECK(in_group.wire.reaction_message().key().participant() == kChat);
  CHECK(refused(OutgoingReaction{}));
}

TEST_CASE("a poll with one choice is of the third version; it leaves secret and options behind") {
  const Built single = built(poll(1));
  CHECK(single.wire.poll_creation_message_v3().options_size() == 2);
  CHECK(single.traits.type == "poll");
  CHECK(single.traits.meta == Meta{{"polltype", "creation"}});
  const Built any = built(poll(0));
  CHECK(any.wire.poll_creation_message().name() == "Lunch?");
  const KeptParts kept = kept_parts(base::as_bytes(any.wire.SerializeAsString()));
  CHECK(kept.secret == kSecret);
  CHECK(kept_poll_options(kept.poll) == std::vector<std::string>{"Pizza", "Soup"});

  CHECK(refused(OutgoingPoll{"", {"a", "b"}, 0}));
  CHECK(refused(OutgoingPoll{"one", {"a"}, 0}));
  CHECK(refused(OutgoingPoll{"twins", {"a", "a"}, 0}));
  CHECK(refused(OutgoingPoll{"greedy", {"a", "b"}, 3}));
}

TEST_CASE("a vote opens with the poll's secret under the addresses of author and voter") {
  const OutgoingPollVote vote{
      {"POLL", "111@lid", From::kThem}, MessageSecret{4}, {"Soup"}, "222@lid", 77, {5}};
  const Built message = built(vote, {.chat = kGroup});
  CHECK(message.traits.type == "poll");
  CHECK(message.traits.meta == Meta{{"polltype", "vote"}});
  CHECK(hidden(message));
  const std::string wire = message.wire.SerializeAsString();
  const auto found = find_add_on(base::as_bytes(wire));
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->target.participant == "111@lid");
  const AddOnContext about{"POLL", *binary::Jid::parse("111@lid"), *binary::Jid::parse("222@lid")};
  const auto opened =
      decrypt_add_on(AddOn::kPollVote, MessageSecret{4}, about, (*found)->iv, (*found)->payload);
  REQUIRE(opened);
  CHECK(read_vote(*opened).value() == std::vector<OptionHash>{option_hash("Soup")});
}

TEST_CASE("B11: an edit names its message in the protocol message only") {
  const Built edit = built(OutgoingEdit{{"OLD", {}, From::kMe}, "better", 99, {}});
  const auto& protocol = edit.wire.edited_message().message().protocol_message();
  CHECK(protocol.type() == proto::ProtocolMessage::MESSAGE_EDIT);
  CHECK(protocol.key().id() == "OLD");
  CHECK(protocol.key().from_me());
  CHECK(protocol.edited_message().conversation() == "better");
  CHECK(edit.traits.edit == "1");
  CHECK(edit.traits.type == "text");
  CHECK(hidden(edit));
  CHECK(refused(OutgoingEdit{{"OLD", kChat, From::kThem}, "theirs", 99, {}}));
}

TEST_CASE("an edited caption keeps its picture") {
  OutgoingMedia image = file(media::MediaKind::kImage);
  image.caption = "old";
  const auto original = build_message(image, {.chat = kChat}, kSecret);
  REQUIRE(original);
  const Built edit = built(OutgoingEdit{{"OLD", {}, From::kMe}, "new", 99, *original});
  const auto& edited = edit.wire.edited_message().message().protocol_message().edited_message();
  CHECK(edited.image_message().caption() == "new");
  CHECK(edited.image_message().direct_path() == "/v/t62/abc");
  CHECK_FALSE(edited.has_message_context_info());
}

TEST_CASE("revoking one's own message and somebody else's are told apart") {
  CHECK(built(OutgoingRevoke{{"ID", {}, From::kMe}}).traits.edit == "7");
  const Built admin = built(OutgoingRevoke{{"ID", kChat, From::kThem}}, {.chat = kGroup});
  CHECK(admin.traits.edit == "8");
  CHECK(admin.wire.protocol_message().key().participant() == kChat);
  CHECK(admin.wire.protocol_message().type() == proto::ProtocolMessage::REVOKE);
}

TEST_CASE("pins last as long as they say") {
  const Built pin = built(OutgoingPin{{"ID", kChat, From::kThem}, OutgoingPin::Change::kPin, 86'400, 3});
  CHECK(pin.wire.pin_in_chat_message().type() == 1);
  CHECK(pin.wire.message_context_info().message_add_on_duration_in_secs() == 86'400);
  CHECK(pin.traits.edit == "2");
  CHECK(hidden(pin));
}

TEST_CASE("a forwarded message keeps its content and loses quote and secret") {
  const auto original = build_message(OutgoingText{.body = "news"},
                                      {.chat = kChat, .quote = Quote{"Q", kChat}}, MessageSecret{1});
  REQUIRE(original);
  const Built forwarded = built(OutgoingRaw{*original}, {.forwarding_score = 2});
  const auto& text = forwarded.wire.extended_text_message();
  CHECK(text.text() == "news");
  CHECK(text.context_info().is_forwarded());
  CHECK(text.context_info().forwarding_score() == 2);
  CHECK_FALSE(text.context_info().has_stanza_id());
  CHECK(base::to_bytes(forwarded.wire.message_context_info().message_secret()) ==
        base::to_bytes(base::ByteView{kSecret}));
}

TEST_CASE("bytes that are no message have the traits of a text") {
  const auto noise = base::from_hex("0a7f41");
  CHECK(traits_of(*noise).type == "text");
  CHECK(traits_of({}).mediatype.empty());
}
