#include "simulator/people/stanza_marks.h"

#include "whatsapp/message/content.h"

namespace simulator {
namespace {

using whatsapp::message::Kind;

StanzaMarks media(std::string_view media_type) {
  StanzaMarks label;
  label.type = "media";
  label.media_type = media_type;
  return label;
}

StanzaMarks typed(std::string_view type) {
  StanzaMarks label;
  label.type = type;
  return label;
}

StanzaMarks edited(std::string_view edit) {
  StanzaMarks label;
  label.edit = edit;
  return label;
}

}  // namespace

base::Result<StanzaMarks> marks_of(base::ByteView content) {
  WA_TRY(const auto read, whatsapp::message::read_message(content));
  switch (read.content.kind) {
    case Kind::kImage:
      return media("image");
    case Kind::kVideo:
      return media("video");
    case Kind::kGif:
      return media("gif");
    case Kind::kVideoNote:
      return media("ptv");
    case Kind::kAudio:
      return media("audio");
    case Kind::kVoice:
      return media("ptt");
    case Kind::kDocument:
      return media("document");
    case Kind::kSticker:
      return media("sticker");
    case Kind::kLocation:
      return media("location");
    case Kind::kLiveLocation:
      return media("livelocation");
    case Kind::kContact:
      return media("vcard");
    case Kind::kReaction:
      return typed("reaction");
    case Kind::kPoll:
    case Kind::kPollVote:
    case Kind::kPollResult:
      return typed("poll");
    case Kind::kEvent:
    case Kind::kEventResponse:
      return typed("event");
    case Kind::kEdit:
      return edited("1");
    case Kind::kPin:
      return edited("2");
    case Kind::kRevoke:
      return edited("7");
    default:
      return StanzaMarks{};
  }
}

}  // namespace simulator
