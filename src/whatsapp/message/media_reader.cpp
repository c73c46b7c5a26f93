#include "whatsapp/message/media_reader.h"

#include "whatsapp/message/bounded_text.h"

namespace whatsapp::message {
namespace {

using media::MediaKind;

constexpr std::size_t kLongestPlace = 4'096;  // URL or path
constexpr std::size_t kLargestThumbnail = 64u << 10;
constexpr std::size_t kLargestWaveform = 1'024;
constexpr std::size_t kKeySize = 32;

template <std::size_t N>
std::optional<base::FixedBytes<N>> exactly(const std::string& bytes) {
  if (bytes.size() != N) return std::nullopt;
  return base::to_fixed<N>(base::as_bytes(bytes));
}

std::string place(const std::string& text) {
  return text.size() <= kLongestPlace ? sanitised(text) : std::string{};
}

base::Bytes bounded(const std::string& bytes, std::size_t most) {
  return bytes.size() <= most ? base::to_bytes(bytes) : base::Bytes{};
}

template <class Part>
MediaReference file_of(const Part& part, MediaKind kind) {
  MediaReference out;
  out.kind = kind;
  out.direct_path = place(part.direct_path());
  if (const auto key = exactly<kKeySize>(part.media_key())) out.media_key = media::MediaKey{*key};
  out.media_key_timestamp = part.media_key_timestamp();
  out.file_sha256 = exactly<kKeySize>(part.file_sha256());
  out.file_enc_sha256 = exactly<kKeySize>(part.file_enc_sha256());
  if (part.has_file_length()) out.length = part.file_length();
  return out;
}

/// With what only StickerPackMessage lacks.
template <class Part>
MediaReference usual_file_of(const Part& part, MediaKind kind) {
  MediaReference out = file_of(part, kind);
  out.url = place(part.url());
  out.mimetype = short_text(part.mimetype());
  return out;
}

template <class Part>
void read_size(const Part& part, MediaReference& out) {
  out.width = part.width();
  out.height = part.height();
}

MediaReference image_of(const proto::ImageMessage& image) {
  MediaReference out = usual_file_of(image, MediaKind::kImage);
  read_size(image, out);
  out.jpeg_thumbnail = bounded(image.jpeg_thumbnail(), kLargestThumbnail);
  return out;
}

MediaReference video_of(const proto::VideoMessage& video, MediaKind kind) {
  MediaReference out = usual_file_of(video, video.gif_playback() ? MediaKind::kGif : kind);
  read_size(video, out);
  out.seconds = video.seconds();
  out.jpeg_thumbnail = bounded(video.jpeg_thumbnail(), kLargestThumbnail);
  return out;
}

MediaReference audio_of(const proto::AudioMessage& audio) {
  MediaReference out = usual_file_of(audio, audio.ptt() ? MediaKind::kPtt : MediaKind::kAudio);
  out.seconds = audio.seconds();
  out.waveform = bounded(audio.waveform(), kLargestWaveform);
  return out;
}

MediaReference document_of(const proto::DocumentMessage& document) {
  MediaReference out = usual_file_of(document, MediaKind::kDocument);
  out.file_name = short_text(document.file_name().empty() ? document.title() : document.file_name());
  out.page_count = document.page_count();
  out.jpeg_thumbnail = bounded(document.jpeg_thumbnail(), kLargestThumbnail);
  return out;
}

MediaReference sticker_of(const proto::StickerMessage& sticker) {
  MediaReference out = usual_file_of(sticker, MediaKind::kSticker);
  read_size(sticker, out);
  const bool moves = sticker.is_animated() || sticker.is_lottie();
  out.animation = moves ? MediaReference::Animation::kAnimated : MediaReference::Animation::kStill;
  return out;
}

std::optional<MediaReference> pack_in(const std::string& bytes) {
  proto::StickerPackMessage pack;
  if (!pack.ParseFromString(bytes)) return std::nullopt;
  MediaReference out = file_of(pack, MediaKind::kStickerPack);
  out.mimetype = "application/zip";
  return out;
}

template <class Part>
std::optional<Part> parsed(const std::string& bytes) {
  Part part;
  if (bytes.empty() || !part.ParseFromString(bytes)) return std::nullopt;
  return part;
}

}  // namespace

std::optional<MediaReference> media_in(const proto::Message& message) {
  if (message.has_image_message()) return image_of(message.image_message());
  if (message.has_document_message()) return document_of(message.document_message());
  if (message.has_audio_message()) return audio_of(message.audio_message());
  if (message.has_video_message()) return video_of(message.video_message(), MediaKind::kVideo);
  if (message.has_sticker_message()) return sticker_of(message.sticker_message());
  if (message.has_ptv_message()) return video_of(message.ptv_message(), MediaKind::kPtv);
  if (message.has_sticker_pack_message()) return pack_in(message.sticker_pack_message());
  return std::nullopt;
}

std::optional<MediaReference> image_in(const std::string& bytes) {
  const auto image = parsed<proto::ImageMessage>(bytes);
  if (!image) return std::nullopt;
  return image_of(*image);
}

std::optional<MediaReference> header_in(const std::string& image, const std::string& video,
                                        const std::string& document) {
  if (auto picture = image_in(image)) return picture;
  if (const auto film = parsed<proto::VideoMessage>(video)) return video_of(*film, MediaKind::kVideo);
  if (const auto paper = parsed<proto::DocumentMessage>(document)) return document_of(*paper);
  return std::nullopt;
}

}  // namespace whatsapp::message
