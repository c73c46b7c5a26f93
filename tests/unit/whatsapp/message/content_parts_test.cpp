#include "whatsapp/message/content_parts.h"

#include <doctest/doctest.h>

#include "proto/message.pb.h"
#include "proto/message_parts.pb.h"
#include "proto/message_secret.pb.h"
#include "whatsapp/message/content.h"
#include "whatsapp/message/content_builder.h"

using namespace whatsapp;
using namespace whatsapp::message;

namespace {

Content read(const proto::Message& message) {
  const auto out = read_message(base::as_bytes(message.SerializeAsString()));
  REQUIRE(out);
  return out->content;
}

template <class T>
T part(const Content& content) {
  REQUIRE(std::holds_alternative<T>(content.part));
  return std::get<T>(content.part);
}

Content sent(const OutgoingContent& content, OutgoingContext context = {}) {
  context.chat = "120363000000000001@g.us";
  const auto bytes = build_message(content, context, MessageSecret{3});
  REQUIRE(bytes);
  const auto out = read_message(*bytes);
  REQUIRE(out);
  return out->content;
}

}  // namespace

TEST_CASE("a picture's place, keys and size are read; what is out of form is left out") {
  proto::Message message;
  auto& image = *message.mutable_image_message();
  image.set_direct_path("/v/abc");
  image.set_media_key(std::string(32, 'k'));
  image.set_file_sha256(std::string(32, 's'));
  image.set_file_enc_sha256("short");
  image.set_file_length(99);
  image.set_width(640);
  image.set_mimetype("image/jpeg");
  image.set_url(std::string(5000, 'u'));
  image.set_jpeg_thumbnail(std::string(70'000, 't'));
  image.mutable_context_info()->set_forwarding_score(3);
  image.mutable_context_info()->set_expiration(86'400);
  const Content content = read(message);
  REQUIRE(content.media);
  CHECK(content.media->kind == media::MediaKind::kImage);
  CHECK(content.media->direct_path == "/v/abc");
  CHECK(content.media->media_key.has_value());
  CHECK(content.media->file_sha256.has_value());
  CHECK_FALSE(content.media->file_enc_sha256.has_value());
  CHECK(content.media->length == 99);
  CHECK(content.media->width == 640);
  CHECK(content.media->url.empty());
  CHECK(content.media->jpeg_thumbnail.empty());
  CHECK(content.forwarding_score == 3);
  CHECK(content.expiration == 86'400);
}

TEST_CASE("every file is of the kind of the field it came in") {
  using media::MediaKind;
  proto::Message message;
  message.mutable_video_message()->set_gif_playback(true);
  CHECK(read(message).media->kind == MediaKind::kGif);
  message.Clear();
  message.mutable_ptv_message();
  CHECK(read(message).media->kind == MediaKind::kPtv);
  message.Clear();
  message.mutable_audio_message()->set_ptt(true);
  CHECK(read(message).media->kind == MediaKind::kPtt);
  message.Clear();
  auto& wrapped = *message.mutable_document_with_caption_message()->mutable_message();
  wrapped.mutable_document_message()->set_file_name("a.pdf");
  CHECK(read(message).media->file_name == "a.pdf");
  message.Clear();
  auto& once = *message.mutable_view_once_message_v2_extension()->mutable_message();
  once.mutable_audio_message()->set_seconds(4);
  CHECK(read(message).media->seconds == 4);
  CHECK(read(message).view_once);
  message.Clear();
  auto& lottie = *message.mutable_lottie_sticker_message()->mutable_message();
  lottie.mutable_sticker_message()->set_is_lottie(true);
  CHECK(read(message).media->animation == MediaReference::Animation::kAnimated);
  message.Clear();
  proto::StickerPackMessage pack;
  pack.set_name("Cats");
  pack.set_direct_path("/p");
  message.set_sticker_pack_message(pack.SerializeAsString());
  CHECK(read(message).media->kind == MediaKind::kStickerPack);
  CHECK(readable_body(read(message)) == "Cats");
}

TEST_CASE("what we write ourselves is read back: places, contacts, polls, reactions, pins") {
  const Location place = part<Location>(sent(OutgoingLocation{1.5, 2.5, "Here", "Road", {}}));
  CHECK(place.latitude == doctest::Approx(1.5));
  CHECK(place.address == "Road");

  const Content cards = sent(OutgoingContacts{{}, {{"A", "V1"}, {"B", "V2"}}});
  CHECK(cards.kind == Kind::kContact);
  CHECK(part<Contacts>(cards).cards.at(1).vcard == "V2");
  CHECK(readable_body(cards) == "2 contacts");

  const Content poll = sent(OutgoingPoll{"Q?", {"a", "b"}, 1});
  CHECK(part<Poll>(poll).options == std::vector<std::string>{"a", "b"});
  CHECK(part<Poll>(poll).selectable == 1);
  CHECK(poll.text == "Q?");

  const TargetMessage target{"ID", "1@lid", TargetMessage::From::kThem};
  const Content reaction = sent(OutgoingReaction{target, "👍", 1});
  CHECK(reaction.text == "👍");
  CHECK(reaction.target.author == "1@lid");
  CHECK(reaction.target.by == MessageRef::By::kOther);

  const Content pin = sent(OutgoingPin{target, OutgoingPin::Change::kUnpin});
  CHECK(part<Pin>(pin).change == Pin::Change::kUnpin);
  CHECK(sent(OutgoingRevoke{{"ID", {}, TargetMessage::From::kMe}}).target.by == MessageRef::By::kSender);
  CHECK(part<EphemeralSetting>(sent(OutgoingEphemeralSetting{604'800})).seconds == 604'800);
}

TEST_CASE("buttons, lists and templates have a body to read and a list to choose from") {
  proto::Message message;
  proto::ButtonsMessage buttons;
  buttons.set_text("Title");
  buttons.set_content_text("Choose");
  buttons.set_footer_text("thanks");
  auto& button = *buttons.add_buttons();
  button.set_button_id("b1");
  button.mutable_button_text()->set_display_text("Yes");
  proto::ImageMessage header;
  header.set_direct_path("/h");
  buttons.set_image_message(header.SerializeAsString());
  message.set_buttons_message(buttons.SerializeAsString());
  Content content = read(message);
  CHECK(readable_body(content) == "Title\nChoose\nthanks");
  CHECK(part<Interactive>(content).form == "buttons");
  CHECK(part<Interactive>(content).choices.at(0).id == "b1");
  CHECK(part<Interactive>(content).choices.at(0).label == "Yes");
  CHECK(content.media->direct_path == "/h");

  message.Clear();
  proto::ListMessage list;
  list.set_description("Menu");
  auto& row = *list.add_sections()->add_rows();
  row.set_row_id("r1");
  row.set_title("Soup");
  message.set_list_message(list.SerializeAsString());
  content = read(message);
  CHECK(part<Interactive>(content).choices.at(0).type == "row");
  CHECK(readable_body(content) == "Menu");

  message.Clear();
  proto::TemplateMessage hydrated;
  auto& four_rows = *hydrated.mutable_hydrated_template();
  four_rows.set_hydrated_content_text("Your code");
  four_rows.add_hydrated_buttons()->mutable_url_button()->set_url("https://example.org");
  message.set_template_message(hydrated.SerializeAsString());
  CHECK(part<Interactive>(read(message)).choices.at(0).value == "https://example.org");
}

TEST_CASE("native flows are read as far as their JSON makes sense") {
  proto::InteractiveMessage flows;
  flows.mutable_body()->set_text("Pick");
  const auto add = [&](const char* name, const std::string& params) {
    auto& button = *flows.mutable_native_flow_message()->add_buttons();
    button.set_name(name);
    button.set_button_params_json(params);
  };
  add("quick_reply", R"({"display_text":"OK","id":"ok"})");
  add("cta_url", R"({"display_text":"Site","url":"https://example.org"})");
  add("single_select", R"({"title":"Open","sections":[{"rows":[{"id":"1","title":"One"}]},7]})");
  add("quick_reply", std::string(100'000, '['));
  add("payment_info", "not json");
  proto::Message message;
  message.set_interactive_message(flows.SerializeAsString());
  const auto read_part = part<Interactive>(read(message));
  REQUIRE(read_part.choices.size() == 5);
  CHECK(read_part.choices[0].id == "ok");
  CHECK(read_part.choices[1].value == "https://example.org");
  CHECK(read_part.button == "Open");
  CHECK(read_part.choices[2].label == "One");
  CHECK(read_part.choices[3].label.empty());
  CHECK(read_part.choices[4].type == "payment_info");
}

TEST_CASE("replies name what was chosen and which message they answer") {
  proto::Message message;
  proto::ListResponseMessage row;
  row.set_title("Soup");
  row.mutable_single_select_reply()->set_selected_row_id("r1");
  row.mutable_context_info()->set_stanza_id("MENU");
  message.set_list_response_message(row.SerializeAsString());
  const Content content = read(message);
  CHECK(part<InteractiveReply>(content).selected_id == "r1");
  CHECK(readable_body(content) == "Soup");
  CHECK(content.quoted_id == "MENU");

  message.Clear();
  proto::InteractiveResponseMessage flow;
  flow.mutable_native_flow_response_message()->set_params_json(R"({"id":"x"})");
  message.set_interactive_response_message(flow.SerializeAsString());
  CHECK(part<InteractiveReply>(read(message)).selected_id == "x");
}

TEST_CASE("invites, orders, products, events, payments and calls have their parts") {
  proto::Message message;
  proto::GroupInviteMessage invite;
  invite.set_group_jid("1@g.us");
  invite.set_invite_code("CODE");
  invite.set_group_name("Friends");
  message.set_group_invite_message(invite.SerializeAsString());
  CHECK(part<GroupInvite>(read(message)).code == "CODE");
  CHECK(readable_body(read(message)) == "Friends");

  message.Clear();
  proto::OrderMessage order;
  order.set_status(2);
  order.set_total_amount_1000(12'500);
  message.set_order_message(order.SerializeAsString());
  CHECK(part<Order>(read(message)).status == "accepted");

  message.Clear();
  proto::ProductMessage product;
  product.mutable_product()->set_title("Chair");
  message.set_product_message(product.SerializeAsString());
  CHECK(readable_body(read(message)) == "Chair");

  message.Clear();
  proto::EventMessage event;
  event.set_name("Party");
  event.set_is_canceled(true);
  message.set_event_message(event.SerializeAsString());
  CHECK(part<Event>(read(message)).state == Event::State::kCancelled);

  message.Clear();
  proto::CallLogMessage call;
  call.set_call_outcome(1);
  call.set_is_video(true);
  message.set_call_log_message(call.SerializeAsString());
  CHECK(part<CallLog>(read(message)).outcome == "missed");

  message.Clear();
  proto::RequestPaymentMessage payment;
  payment.set_amount_1000(1'000);
  proto::Message note;
  note.set_conversation("for lunch");
  payment.set_note_message(note.SerializeAsString());
  message.set_request_payment_message(payment.SerializeAsString());
  CHECK(part<Payment>(read(message)).form == "requested");
  CHECK(readable_body(read(message)) == "for lunch");
}

TEST_CASE("a vote stays sealed until the client opens it") {
  proto::PollUpdateMessage update;
  proto::MessageKey key;
  key.set_id("POLL");
  key.set_from_me(true);
  update.set_poll_creation_message_key(key.SerializeAsString());
  update.mutable_vote()->set_enc_iv(std::string(12, 'i'));
  update.mutable_vote()->set_enc_payload("sealed");
  proto::Message message;
  message.set_poll_update_message(update.SerializeAsString());
  const Content content = read(message);
  CHECK(content.target.id == "POLL");
  CHECK(content.target.by == MessageRef::By::kSender);
  CHECK(part<SealedAddOn>(content).envelope.kind == AddOn::kPollVote);
}

TEST_CASE("what cannot be shown says what it is") {
  proto::Message message;
  message.set_request_phone_number_message("");
  CHECK(part<Unsupported>(read(message)).type == "request_phone_number");
  const base::Bytes unknown{0xC2, 0x3E, 0x02, 0x08, 0x01};  // field 1000
  const auto content = read_message(unknown);
  REQUIRE(content);
  CHECK(part<Unsupported>(content->content).type == "field_1000");
}

TEST_CASE("lists and texts of peers are bounded, and broken characters do not get through") {
  proto::ContactsArrayMessage array;
  for (int i = 0; i < 1'000; ++i) array.add_contacts()->set_vcard(std::string(70'000 / 100, 'v'));
  proto::Message message;
  message.set_contacts_array_message(array.SerializeAsString());
  CHECK(part<Contacts>(read(message)).cards.size() == 256);

  message.Clear();
  message.mutable_location_message()->set_name("caf\xC3");
  CHECK(part<Location>(read(message)).name == "caf\xEF\xBF\xBD");
  std::string longer(4'095, 'x');
  longer += "é!";
  message.mutable_location_message()->set_address(longer);
  CHECK(part<Location>(read(message)).address == std::string(4'095, 'x'));
}

TEST_CASE("a malformed part spoils only itself") {
  proto::Message message;
  message.set_order_message("\x0a\x7f");
  const Content content = read(message);
  CHECK(content.kind == Kind::kOrder);
  CHECK(std::holds_alternative<std::monostate>(content.part));
}
