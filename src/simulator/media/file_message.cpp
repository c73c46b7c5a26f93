#include "simulator/media/file_message.h"

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "proto/message.pb.h"

namespace simulator {
namespace {

using whatsapp::media::MediaKind;
using whatsapp::proto::Message;

constexpr std::array<std::pair<std::string_view, MediaKind>, 8> kWords{{
    {"image", MediaKind::kImage},
    {"video", MediaKind::kVideo},
    {"gif", MediaKind::kGif},
    {"ptv", MediaKind::kPtv},
    {"audio", MediaKind::kAudio},
    {"ptt", MediaKind::kPtt},
    {"document", MediaKind::kDocument},
    {"sticker", MediaKind::kSticker},
}};
constexpr int kMaxWrappers = 10;

std::string text(const base::Bytes& bytes) { return base::to_string(bytes); }

/// The fields that all five messages have.
template <class Media>
void write_common(const FileReference& file, Media& media) {
  media.set_url(file.url);
  media.set_direct_path(file.direct_path);
  media.set_mimetype(file.mimetype);
  media.set_file_length(file.length);
  media.set_file_sha256(text(file.file_sha256));
  if (file.media_key.empty()) return;
  media.set_media_key(text(file.media_key));
  media.set_file_enc_sha256(text(file.file_enc_sha256));
  media.set_media_key_timestamp(file.media_key_timestamp);
}

template <class Media>
FileReference read_common(const Media& media, MediaKind kind) {
  FileReference file;
  file.kind = kind;
  file.url = media.url();
  file.direct_path = media.direct_path();
  file.mimetype = media.mimetype();
  file.length = media.file_length();
  file.file_sha256 = base::to_bytes(media.file_sha256());
  file.media_key = base::to_bytes(media.media_key());
  file.file_enc_sha256 = base::to_bytes(media.file_enc_sha256());
  file.media_key_timestamp = media.media_key_timestamp();
  return file;
}

void write_video(const FileReference& file, whatsapp::proto::VideoMessage& video) {
  write_common(file, video);
  if (!file.caption.empty()) video.set_caption(file.caption);
  video.set_seconds(file.seconds);
  video.set_width(file.width);
  video.set_height(file.height);
  if (file.kind == MediaKind::kGif) video.set_gif_playback(true);
  if (file.view_once) video.set_view_once(true);
  if (!file.thumbnail.empty()) video.set_jpeg_thumbnail(text(file.thumbnail));
  if (!file.sidecar.empty()) video.set_streaming_sidecar(text(file.sidecar));
}

FileReference read_video(const whatsapp::proto::VideoMessage& video, MediaKind kind) {
  FileReference file = read_common(video, kind);
  file.caption = video.caption();
  file.seconds = video.seconds();
  file.width = video.width();
  file.height = video.height();
  file.view_once = video.view_once();
  file.thumbnail = base::to_bytes(video.jpeg_thumbnail());
  file.sidecar = base::to_bytes(video.streaming_sidecar());
  return file;
}

void write_image(const FileReference& file, whatsapp::proto::ImageMessage& image) {
  write_common(file, image);
  if (!file.caption.empty()) image.set_caption(file.caption);
  image.set_width(file.width);
  image.set_height(file.height);
  if (file.view_once) image.set_view_once(true);
  if (!file.thumbnail.empty()) image.set_jpeg_thumbnail(text(file.thumbnail));
}

FileReference read_image(const whatsapp::proto::ImageMessage& image) {
  FileReference file = read_common(image, MediaKind::kImage);
  file.caption = image.caption();
  file.width = image.width();
  file.height = image.height();
  file.view_once = image.view_once();
  file.thumbnail = base::to_bytes(image.jpeg_thumbnail());
  return file;
}

void write_audio(const FileReference& file, whatsapp::proto::AudioMessage& audio) {
  write_common(file, audio);
  audio.set_seconds(file.seconds);
  if (file.kind == MediaKind::kPtt) audio.set_ptt(true);
  if (file.view_once) audio.set_view_once(true);
  if (!file.waveform.empty()) audio.set_waveform(text(file.waveform));
  if (!file.sidecar.empty()) audio.set_streaming_sidecar(text(file.sidecar));
}

FileReference read_audio(const whatsapp::proto::AudioMessage& audio) {
  FileReference file = read_common(audio, audio.ptt() ? MediaKind::kPtt : MediaKind::kAudio);
  file.seconds = audio.seconds();
  file.view_once = audio.view_once();
  file.waveform = base::to_bytes(audio.waveform());
  file.sidecar = base::to_bytes(audio.streaming_sidecar());
  return file;
}

void write_document(const FileReference& file, whatsapp::proto::DocumentMessage& document) {
  write_common(file, document);
  if (!file.caption.empty()) document.set_caption(file.caption);
  document.set_file_name(file.file_name);
  document.set_title(file.file_name);
  if (file.pages > 0) document.set_page_count(file.pages);
  if (!file.thumbnail.empty()) document.set_jpeg_thumbnail(text(file.thumbnail));
}

FileReference read_document(const whatsapp::proto::DocumentMessage& document) {
  FileReference file = read_common(document, MediaKind::kDocument);
  file.caption = document.caption();
  file.file_name = document.file_name();
  file.pages = document.page_count();
  file.thumbnail = base::to_bytes(document.jpeg_thumbnail());
  return file;
}

void write_sticker(const FileReference& file, whatsapp::proto::StickerMessage& sticker) {
  write_common(file, sticker);
  sticker.set_width(file.width);
  sticker.set_height(file.height);
  if (file.animated) sticker.set_is_animated(true);
  if (!file.thumbnail.empty()) sticker.set_png_thumbnail(text(file.thumbnail));
}

FileReference read_sticker(const whatsapp::proto::StickerMessage& sticker) {
  FileReference file = read_common(sticker, MediaKind::kSticker);
  file.width = sticker.width();
  file.height = sticker.height();
  file.animated = sticker.is_animated();
  file.thumbnail = base::to_bytes(sticker.png_thumbnail());
  return file;
}

/// The message one wrapper down, or null.
const Message* inside(const Message& message) {
  if (message.has_device_sent_message()) return &message.device_sent_message().message();
  if (message.has_ephemeral_message()) return &message.ephemeral_message().message();
  if (message.has_view_once_message()) return &message.view_once_message().message();
  if (message.has_view_once_message_v2()) return &message.view_once_message_v2().message();
  if (message.has_view_once_message_v2_extension())
    return &message.view_once_message_v2_extension().message();
  if (message.has_document_with_caption_message()) return &message.document_with_caption_message().message();
  if (message.has_lottie_sticker_message()) return &message.lottie_sticker_message().message();
  if (message.has_edited_message()) return &message.edited_message().message();
  if (message.has_associated_child_message()) return &message.associated_child_message().message();
  return nullptr;
}

}  // namespace

std::optional<MediaKind> file_kind_from(std::string_view word) {
  const auto* found = std::ranges::find(kWords, word, &std::pair<std::string_view, MediaKind>::first);
  return found == kWords.end() ? std::nullopt : std::optional{found->second};
}

std::string_view file_kind_word(MediaKind kind) {
  const auto* found = std::ranges::find(kWords, kind, &std::pair<std::string_view, MediaKind>::second);
  return found == kWords.end() ? "other" : found->first;
}

base::Bytes write_file_message(const FileReference& file, base::Random& random) {
  Message message;
  switch (file.kind) {
    case MediaKind::kImage:
      write_image(file, *message.mutable_image_message());
      break;
    case MediaKind::kVideo:
    case MediaKind::kGif:
      write_video(file, *message.mutable_video_message());
      break;
    case MediaKind::kPtv:
      write_video(file, *message.mutable_ptv_message());
      break;
    case MediaKind::kAudio:
    case MediaKind::kPtt:
      write_audio(file, *message.mutable_audio_message());
      break;
    case MediaKind::kSticker:
      write_sticker(file, *message.mutable_sticker_message());
      break;
    default:
      // A document with words travels in a wrapper.
      write_document(
          file, *(file.caption.empty() ? &message
                                       : message.mutable_document_with_caption_message()->mutable_message())
                     ->mutable_document_message());
      break;
  }
  message.mutable_message_context_info()->set_message_secret(text(random.bytes(32)));
  return base::to_bytes(message.SerializeAsString());
}

std::optional<FileReference> read_file_message(base::ByteView serialised) {
  Message whole;
  if (serialised.size() > INT_MAX ||
      !whole.ParseFromArray(serialised.data(), static_cast<int>(serialised.size())))
    return std::nullopt;
  const Message* message = &whole;
  for (int i = 0; i < kMaxWrappers; ++i) {
    const Message* below = inside(*message);
    if (below == nullptr) break;
    message = below;
  }
  if (message->has_image_message()) return read_image(message->image_message());
  if (message->has_video_message()) {
    const auto& video = message->video_message();
    return read_video(video, video.gif_playback() ? MediaKind::kGif : MediaKind::kVideo);
  }
  if (message->has_ptv_message()) return read_video(message->ptv_message(), MediaKind::kPtv);
  if (message->has_audio_message()) return read_audio(message->audio_message());
  if (message->has_document_message()) return read_document(message->document_message());
  if (message->has_sticker_message()) return read_sticker(message->sticker_message());
  return std::nullopt;
}

}  // namespace simulator
