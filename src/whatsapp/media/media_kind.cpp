#include "whatsapp/media/media_kind.h"

#include <stdexcept>

namespace whatsapp::media {
namespace {

struct Traits {
  std::string_view key_label;
  std::string_view mms_type;
};

Traits traits_of(MediaKind kind) {
  switch (kind) {
    case MediaKind::kImage:
    case MediaKind::kSticker:
      return {"WhatsApp Image Keys", "image"};
    case MediaKind::kVideo:
    case MediaKind::kGif:
    case MediaKind::kPtv:
      return {"WhatsApp Video Keys", "video"};
    case MediaKind::kAudio:
    case MediaKind::kPtt:
      return {"WhatsApp Audio Keys", "audio"};
    case MediaKind::kDocument:
      return {"WhatsApp Document Keys", "document"};
    case MediaKind::kHistory:
      return {"WhatsApp History Keys", "md-msg-hist"};
    case MediaKind::kAppState:
      return {"WhatsApp App State Keys", "md-app-state"};
    case MediaKind::kLinkThumbnail:
      return {"WhatsApp Link Thumbnail Keys", "thumbnail-link"};
    case MediaKind::kImageThumbnail:
      return {"WhatsApp Image Thumbnail Keys", "thumbnail-image"};
    case MediaKind::kVideoThumbnail:
      return {"WhatsApp Video Thumbnail Keys", "thumbnail-video"};
    case MediaKind::kDocumentThumbnail:
      return {"WhatsApp Document Thumbnail Keys", "thumbnail-document"};
    case MediaKind::kStickerPack:
      return {"WhatsApp Sticker Pack Keys", "sticker-pack"};
    case MediaKind::kStickerPackThumbnail:
      return {"WhatsApp Sticker Pack Thumbnail Keys", "thumbnail-sticker-pack"};
    case MediaKind::kGroupHistory:
      return {"Group History", "group-history"};
  }
  throw std::logic_error("no such kind of media");
}

}  // namespace

std::string_view key_label(MediaKind kind) { return traits_of(kind).key_label; }

std::string_view mms_type(MediaKind kind) { return traits_of(kind).mms_type; }

}  // namespace whatsapp::media
