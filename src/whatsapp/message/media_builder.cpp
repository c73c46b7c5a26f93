#include "whatsapp/message/media_builder.h"

#include "whatsapp/message/context_builder.h"

namespace whatsapp::message {
namespace {

using base::ErrorCode;
using media::MediaKind;
using ViewOnce = OutgoingContext::ViewOnce;

constexpr const char* kVoiceMimetype = "audio/ogg; codecs=opus";

template <class Part>
void fill_file(const MediaReference& file, const char* default_mimetype, Part& out) {
  if (!file.url.empty()) out.set_url(file.url);
  out.set_direct_path(file.direct_path);
  out.set_mimetype(file.mimetype.empty() ? default_mimetype : file.mimetype);
  if (file.media_key) out.set_media_key(file.media_key->bytes().data(), file.media_key->bytes().size());
  if (file.media_key_timestamp != 0) out.set_media_key_timestamp(file.media_key_timestamp);
  if (file.file_sha256) out.set_file_sha256(file.file_sha256->data(), file.file_sha256->size());
  if (file.file_enc_sha256)
    out.set_file_enc_sha256(file.file_enc_sha256->data(), file.file_enc_sha256->size());
  if (file.length) out.set_file_length(*file.length);
}

template <class Part>
void fill_size(const MediaReference& file, Part& out) {
  if (file.width != 0) out.set_width(file.width);
  if (file.height != 0) out.set_height(file.height);
}

template <class Part>
void fill_thumbnail(const MediaReference& file, Part& out) {
  if (!file.jpeg_thumbnail.empty())
    out.set_jpeg_thumbnail(file.jpeg_thumbnail.data(), file.jpeg_thumbnail.size());
}

template <class Part>
void fill_sidecar(const MediaReference& file, Part& out) {
  if (!file.streaming_sidecar.empty())
    out.set_streaming_sidecar(file.streaming_sidecar.data(), file.streaming_sidecar.size());
}

void fill_image(const OutgoingMedia& media, const OutgoingContext& context, proto::ImageMessage& out) {
  fill_file(media.file, "image/jpeg", out);
  fill_size(media.file, out);
  fill_thumbnail(media.file, out);
  if (!media.caption.empty()) out.set_caption(media.caption);
  if (context.view_once == ViewOnce::kYes) out.set_view_once(true);
  add_context(context, out);
}

void fill_video(const OutgoingMedia& media, const OutgoingContext& context, proto::VideoMessage& out) {
  fill_file(media.file, "video/mp4", out);
  fill_size(media.file, out);
  fill_thumbnail(media.file, out);
  fill_sidecar(media.file, out);
  if (media.file.seconds != 0) out.set_seconds(media.file.seconds);
  if (!media.caption.empty() && media.file.kind != MediaKind::kPtv) out.set_caption(media.caption);
  if (media.file.kind == MediaKind::kGif) out.set_gif_playback(true);
  if (context.view_once == ViewOnce::kYes) out.set_view_once(true);
  add_context(context, out);
}

void fill_audio(const OutgoingMedia& media, const OutgoingContext& context, proto::AudioMessage& out) {
  const bool voice = media.file.kind == MediaKind::kPtt;
  fill_file(media.file, voice ? kVoiceMimetype : "audio/mpeg", out);
  // Clients play a voice note only under this very name.
  if (voice && media.file.mimetype.starts_with("audio/ogg")) out.set_mimetype(kVoiceMimetype);
  fill_sidecar(media.file, out);
  if (media.file.seconds != 0) out.set_seconds(media.file.seconds);
  out.set_ptt(voice);
  if (voice && !media.file.waveform.empty())
    out.set_waveform(media.file.waveform.data(), media.file.waveform.size());
  if (context.view_once == ViewOnce::kYes) out.set_view_once(true);
  add_context(context, out);
}

void fill_document(const OutgoingMedia& media, const OutgoingContext& context, proto::DocumentMessage& out) {
  fill_file(media.file, "application/octet-stream", out);
  fill_thumbnail(media.file, out);
  const std::string name = media.file.file_name.empty() ? "file" : media.file.file_name;
  out.set_file_name(name);
  out.set_title(name);
  if (media.file.page_count != 0) out.set_page_count(media.file.page_count);
  if (!media.caption.empty()) out.set_caption(media.caption);
  add_context(context, out);
}

void fill_sticker(const OutgoingMedia& media, const OutgoingContext& context, proto::StickerMessage& out) {
  fill_file(media.file, "image/webp", out);
  fill_size(media.file, out);
  if (media.file.animation == MediaReference::Animation::kAnimated) out.set_is_animated(true);
  if (media.file.media_key_timestamp != 0) out.set_sticker_sent_ts(media.file.media_key_timestamp * 1'000);
  add_context(context, out);
}

template <class Part>
bool replaced(const std::string& caption, Part& part) {
  part.set_caption(caption);
  part.clear_context_info();
  return true;
}

}  // namespace

base::Result<void> fill_media(const OutgoingMedia& media, const OutgoingContext& context,
                              proto::Message& out) {
  if (media.file.direct_path.empty() && media.file.url.empty())
    return base::fail(ErrorCode::kInvalidArgument, "the file has not been uploaded");
  switch (media.file.kind) {
    case MediaKind::kImage:
      fill_image(media, context, *out.mutable_image_message());
      return {};
    case MediaKind::kVideo:
    case MediaKind::kGif:
      fill_video(media, context, *out.mutable_video_message());
      return {};
    case MediaKind::kPtv:
      fill_video(media, context, *out.mutable_ptv_message());
      return {};
    case MediaKind::kAudio:
    case MediaKind::kPtt:
      fill_audio(media, context, *out.mutable_audio_message());
      return {};
    case MediaKind::kSticker:
      fill_sticker(media, context, *out.mutable_sticker_message());
      return {};
    case MediaKind::kDocument: {
      // With a caption clients expect the wrapper around it.
      proto::Message& holder =
          media.caption.empty() ? out : *out.mutable_document_with_caption_message()->mutable_message();
      fill_document(media, context, *holder.mutable_document_message());
      return {};
    }
    default:
      return base::fail(ErrorCode::kInvalidArgument, "this kind of file is no message");
  }
}

bool replace_caption(proto::Message& message, const std::string& caption) {
  if (message.has_image_message()) return replaced(caption, *message.mutable_image_message());
  if (message.has_video_message()) return replaced(caption, *message.mutable_video_message());
  if (message.has_document_message()) return replaced(caption, *message.mutable_document_message());
  return false;
}

}  // namespace whatsapp::message
