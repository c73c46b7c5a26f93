#include "connection/inbound_payload.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "edge/json_codec.h"

using namespace worker;
using Json = nlohmann::json;
using whatsapp::IncomingMessage;
using whatsapp::binary::Jid;
using whatsapp::message::Kind;
namespace part = whatsapp::message;

namespace {

IncomingMessage message_of(Kind kind, part::Part typed = {}) {
  IncomingMessage out;
  out.chat = *Jid::parse("7@lid");
  out.sender = out.chat;
  out.id = "ID";
  out.timestamp = 1'760'000'000;
  out.content.kind = kind;
  out.content.part = std::move(typed);
  return out;
}

/// The body of POST /inbound, after it has been in the spool.
Json posted(const IncomingMessage& message) {
  const std::string row = encode_inbound(to_inbound(message, "inst", "1@s.whatsapp.net"));
  const auto back = decode_inbound(row);
  REQUIRE(back);
  return Json::parse(edge::json_codec::encode(*back));
}

}  // namespace

TEST_CASE("a reaction, an edit and a revocation name their message") {
  IncomingMessage reaction = message_of(Kind::kReaction);
  reaction.content.text = "👍";
  reaction.content.target.id = "T";
  reaction.target = IncomingMessage::Target::kOurs;
  reaction.target_author = *Jid::parse("8@lid");
  const Json liked = posted(reaction);
  CHECK(liked["kind"] == "reaction");
  CHECK(liked["body"] == "👍");
  CHECK(liked["reaction"] ==
        Json{{"emoji", "👍"}, {"target_id", "T"}, {"target_sender", "8@lid"}, {"target_from_me", true}});

  IncomingMessage edit = message_of(Kind::kEdit);
  edit.content.text = "new";
  edit.content.target.id = "T";
  CHECK(posted(edit)["edit_of"] == "T");
  IncomingMessage revoke = message_of(Kind::kRevoke);
  revoke.content.target.id = "T";
  CHECK(posted(revoke)["revoke_of"] == "T");
  CHECK(posted(revoke)["body"] == "");
}

TEST_CASE("places, contacts, polls and votes are typed") {
  const Json place =
      posted(message_of(Kind::kLiveLocation,
                        part::Location{.latitude = 1.5, .longitude = 2, .live = part::Location::Live::kYes}));
  CHECK(place["location"] == Json{{"latitude", 1.5}, {"longitude", 2.0}, {"live", true}});

  const std::string vcard = "BEGIN:VCARD\r\nitem1.TEL;waid=15550001111:+1 555 000 1111\r\nTEL:+2\nEND:VCARD";
  const Json contacts = posted(message_of(Kind::kContact, part::Contacts{{}, {{"Ann", vcard}}}));
  CHECK(contacts["contacts"][0]["phones"] == Json{"+1 555 000 1111", "+2"});
  CHECK(contacts["body"] == "Ann");

  const Json poll =
      posted(message_of(Kind::kPoll, part::Poll{.name = "Q", .options = {"a", "b"}, .selectable = 1}));
  CHECK(poll["poll"] == Json{{"name", "Q"}, {"options", {"a", "b"}}, {"selectable_count", 1}});
  IncomingMessage vote = message_of(Kind::kPollVote, part::PollVote{{"a"}});
  vote.content.target.id = "P";
  CHECK(posted(vote)["poll_vote"] == Json{{"options", {"a"}}, {"target_id", "P"}});
  CHECK(posted(vote)["body"] == "a");
}

TEST_CASE("what businesses send has a body to read and options to choose from") {
  const Json list = posted(message_of(
      Kind::kInteractive, part::Interactive{.form = "list",
                                            .title = "Menu",
                                            .body = "Choose",
                                            .choices = {{.id = "1", .label = "Soup", .type = "row"}}}));
  CHECK(list["body"] == "Menu\nChoose");
  CHECK(list["interactive"]["options"][0] == Json{{"id", "1"}, {"label", "Soup"}, {"type", "row"}});
  const Json reply = posted(message_of(
      Kind::kInteractiveReply,
      part::InteractiveReply{
          .form = "native_flow", .selected_id = "1", .label = "Soup", .params_json = R"({"id":"1"})"}));
  CHECK(reply["interactive_reply"]["params"]["id"] == "1");
  const Json order = posted(
      message_of(Kind::kOrder, part::Order{.id = "O", .currency = "EUR", .total_thousandths = 12'500}));
  CHECK(order["order"]["total"] == 12.5);
  const Json invite =
      posted(message_of(Kind::kGroupInvite, part::GroupInvite{"1@g.us", "CODE", "Friends", {}, 7}));
  CHECK(invite["group_invite"]["code"] == "CODE");
  CHECK(invite["body"] == "Friends");
}

TEST_CASE("what cannot be shown is told with its type") {
  const Json told = posted(message_of(Kind::kUnsupported, part::Unsupported{"field_1000"}));
  CHECK(told["kind"] == "unsupported");
  CHECK(told["unsupported"]["type"] == "field_1000");
}

TEST_CASE("the context says quoted, forwarded, disappearing and view once, and survives the spool") {
  IncomingMessage text = message_of(Kind::kText);
  text.content.text = "hi";
  CHECK_FALSE(posted(text).contains("context"));
  text.content.quoted_id = "Q";
  text.content.quoted_author = "9@lid";
  text.content.forwarding_score = 5;
  text.content.expiration = 86'400;
  text.content.view_once = true;
  CHECK(posted(text)["context"] == Json{{"quoted_id", "Q"},
                                        {"quoted_sender", "9@lid"},
                                        {"forwarded", true},
                                        {"forwarding_score", 5},
                                        {"ephemeral", true},
                                        {"expiration", 86'400},
                                        {"view_once", true}});
}

TEST_CASE("the key of a file stays in the spool; the edge hears what the file is") {
  IncomingMessage picture = message_of(Kind::kImage);
  picture.content.text = "look";
  part::MediaReference file;
  file.kind = whatsapp::media::MediaKind::kImage;
  file.direct_path = "/v/abc";
  file.media_key = whatsapp::media::MediaKey{base::FixedBytes<32>{1}};
  file.file_sha256 = crypto::Sha256Digest{2};
  file.length = 99;
  file.mimetype = "image/jpeg";
  picture.content.media = file;
  PendingAttachment attachment;
  attachment.instance_id = "inst";
  attachment.message_id = "ID";
  attachment.chat = "7@lid";
  attachment.file = file;
  const std::string row = with_attachment(encode_inbound(to_inbound(picture, "inst", "me")), attachment);
  const auto waiting = attachment_of(row);
  REQUIRE(waiting);
  CHECK(waiting->message_id == "ID");
  const part::MediaReference* kept = &waiting->file;
  CHECK(kept->kind == file.kind);
  CHECK(kept->direct_path == "/v/abc");
  CHECK(kept->media_key == file.media_key);
  CHECK(kept->file_sha256 == file.file_sha256);
  CHECK_FALSE(kept->file_enc_sha256);
  CHECK(kept->length == 99);

  const auto back = decode_inbound(row);
  REQUIRE(back);
  const Json told = Json::parse(edge::json_codec::encode(*back));
  CHECK_FALSE(told.contains("_attachment"));
  CHECK(told.dump().find("/v/abc") == std::string::npos);
  CHECK(told["media_type"] == "image");
  CHECK(told["mime_type"] == "image/jpeg");
  CHECK(told["file_size"] == 99);
  CHECK_FALSE(told.contains("media_url"));
}
