#include "whatsapp/message/content.h"

namespace whatsapp::message {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kNone:
      return "none";
    case Kind::kText:
      return "text";
    case Kind::kImage:
      return "image";
    case Kind::kVideo:
      return "video";
    case Kind::kGif:
      return "gif";
    case Kind::kVideoNote:
      return "ptv";
    case Kind::kAudio:
      return "audio";
    case Kind::kVoice:
      return "ptt";
    case Kind::kDocument:
      return "document";
    case Kind::kSticker:
      return "sticker";
    case Kind::kStickerPack:
      return "sticker_pack";
    case Kind::kLocation:
      return "location";
    case Kind::kLiveLocation:
      return "live_location";
    case Kind::kContact:
      return "contact";
    case Kind::kReaction:
      return "reaction";
    case Kind::kPoll:
      return "poll";
    case Kind::kPollVote:
      return "poll_vote";
    case Kind::kPollResult:
      return "poll_result";
    case Kind::kEvent:
      return "event";
    case Kind::kEventResponse:
      return "event_response";
    case Kind::kEdit:
      return "edit";
    case Kind::kRevoke:
      return "revoke";
    case Kind::kEphemeralSetting:
      return "ephemeral_setting";
    case Kind::kPin:
      return "pin";
    case Kind::kKeep:
      return "keep";
    case Kind::kComment:
      return "comment";
    case Kind::kInteractive:
      return "interactive";
    case Kind::kInteractiveReply:
      return "interactive_reply";
    case Kind::kOrder:
      return "order";
    case Kind::kProduct:
      return "product";
    case Kind::kPayment:
      return "payment";
    case Kind::kGroupInvite:
      return "group_invite";
    case Kind::kChannelInvite:
      return "channel_invite";
    case Kind::kCallLog:
      return "call_log";
    case Kind::kUnsupported:
      return "unsupported";
  }
  return "unsupported";
}

}  // namespace whatsapp::message
