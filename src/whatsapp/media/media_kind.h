// What a file is, as far as its keys and its place on the media hosts depend on it. The kind follows from the
// protobuf field that a file's reference came in, never from its mimetype: a picture sent as a document has
// document keys (spec 06 §2.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace whatsapp::media {

enum class MediaKind : std::uint8_t {
  kImage,
  kSticker,
  kVideo,
  kGif,  // an mp4 that plays in a loop
  kPtv,  // a round video note
  kAudio,
  kPtt,  // a voice note
  kDocument,
  kHistory,   // a chunk of history for a new device
  kAppState,  // a snapshot or a long patch of app state
  kLinkThumbnail,
  kImageThumbnail,  // large thumbnails have the media key of their file
  kVideoThumbnail,
  kDocumentThumbnail,
  kStickerPack,
  kStickerPackThumbnail,
  kGroupHistory,
};

/// The label that the keys are derived with: "WhatsApp Image Keys".
std::string_view key_label(MediaKind kind);

/// The name in upload paths and in the download parameter mms-type: "image". Kinds that share their keys
/// share it too.
std::string_view mms_type(MediaKind kind);

}  // namespace whatsapp::media
