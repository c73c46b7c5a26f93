#include "previews/picture.h"

#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <memory>

#include "previews/stb.h"

namespace previews {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kChannels = 4;

Result<void> check_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0) return fail(ErrorCode::kMalformed, "a picture without extent");
  if (width > 65'535 || height > 65'535 || width * height > kMostPixels)
    return fail(ErrorCode::kLimit, "the picture has too many pixels");
  return {};
}

bool turned_sideways(int orientation) { return orientation >= 5; }

/// Where the pixel shown at (x, y) is in the stored picture.
std::pair<std::uint32_t, std::uint32_t> stored_at(int orientation, std::uint32_t x, std::uint32_t y,
                                                  const Picture& stored) {
  const std::uint32_t right = stored.width - 1, bottom = stored.height - 1;
  switch (orientation) {
    case 2:
      return {right - x, y};
    case 3:
      return {right - x, bottom - y};
    case 4:
      return {x, bottom - y};
    case 5:
      return {y, x};
    case 6:
      return {y, bottom - x};
    case 7:
      return {right - y, bottom - x};
    case 8:
      return {right - y, x};
    default:
      return {x, y};
  }
}

Picture upright(Picture stored, int orientation) {
  if (orientation == 1) return stored;
  Picture out{stored.width, stored.height, Bytes(stored.pixels.size())};
  if (turned_sideways(orientation)) std::swap(out.width, out.height);
  for (std::uint32_t y = 0; y < out.height; ++y)
    for (std::uint32_t x = 0; x < out.width; ++x) {
      const auto [from_x, from_y] = stored_at(orientation, x, y, stored);
      const std::size_t from = (std::size_t{from_y} * stored.width + from_x) * kChannels;
      const std::size_t to = (std::size_t{y} * out.width + x) * kChannels;
      std::copy_n(stored.pixels.begin() + static_cast<std::ptrdiff_t>(from), kChannels,
                  out.pixels.begin() + static_cast<std::ptrdiff_t>(to));
    }
  return out;
}

Result<Picture> decode_webp(ByteView file) {
  WA_TRY(const PictureSize size, picture_size(FileKind::kWebp, file));
  Picture out{size.width, size.height, Bytes(std::size_t{size.width} * size.height * kChannels)};
  // Animated files are decoded by their first frame only where the simple decoder can; else not at all.
  if (WebPDecodeRGBAInto(file.data(), file.size(), out.pixels.data(), out.pixels.size(),
                         static_cast<int>(size.width * kChannels)) == nullptr)
    return fail(ErrorCode::kMalformed, "the WebP cannot be decoded");
  return out;
}

Picture on_white(const Picture& picture) {
  Picture out = picture;
  for (std::size_t at = 0; at + kChannels <= out.pixels.size(); at += kChannels) {
    const unsigned alpha = out.pixels[at + 3];
    for (std::size_t channel = 0; channel < 3; ++channel)
      out.pixels[at + channel] =
          static_cast<std::uint8_t>((out.pixels[at + channel] * alpha + 255u * (255u - alpha)) / 255u);
    out.pixels[at + 3] = 255;
  }
  return out;
}

}  // namespace

Result<PictureSize> picture_size(FileKind kind, ByteView file) {
  if (file.size() > kLargestPicture) return fail(ErrorCode::kLimit, "the picture's file is too large");
  PictureSize size;
  if (kind == FileKind::kWebp) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK)
      return fail(ErrorCode::kMalformed, "the WebP's head cannot be read");
    size.width = static_cast<std::uint32_t>(std::max(features.width, 0));
    size.height = static_cast<std::uint32_t>(std::max(features.height, 0));
    if (features.has_animation != 0) size.animation = PictureSize::Animation::kAnimated;
  } else {
    int width = 0, height = 0, channels = 0;
    if (stbi_info_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels) == 0)
      return fail(ErrorCode::kMalformed, "the picture's head cannot be read");
    size.width = static_cast<std::uint32_t>(std::max(width, 0));
    size.height = static_cast<std::uint32_t>(std::max(height, 0));
    if (kind == FileKind::kJpeg && turned_sideways(exif_orientation(file)))
      std::swap(size.width, size.height);
    if (kind == FileKind::kGif) size.animation = PictureSize::Animation::kAnimated;
  }
  WA_TRY_VOID(check_size(size.width, size.height));
  return size;
}

Result<Picture> decode_picture(FileKind kind, ByteView file) {
  if (kind == FileKind::kWebp) return decode_webp(file);
  WA_TRY_VOID(picture_size(kind, file));
  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels,
                            static_cast<int>(kChannels)),
      &stbi_image_free);
  if (!pixels || width <= 0 || height <= 0)
    return fail(ErrorCode::kMalformed, "the picture cannot be decoded");
  Picture out{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height), {}};
  out.pixels.assign(pixels.get(), pixels.get() + std::size_t{out.width} * out.height * kChannels);
  return upright(std::move(out), kind == FileKind::kJpeg ? exif_orientation(file) : 1);
}

Picture shrunk(const Picture& picture, std::uint32_t edge) {
  const std::uint32_t longer = std::max(picture.width, picture.height);
  if (longer <= edge) return picture;
  const auto scaled = [&](std::uint32_t side) {
    return std::max(1u, static_cast<std::uint32_t>(std::uint64_t{side} * edge / longer));
  };
  Picture out{scaled(picture.width), scaled(picture.height), {}};
  out.pixels.resize(std::size_t{out.width} * out.height * kChannels);
  stbir_resize_uint8(picture.pixels.data(), static_cast<int>(picture.width), static_cast<int>(picture.height),
                     0, out.pixels.data(), static_cast<int>(out.width), static_cast<int>(out.height), 0,
                     static_cast<int>(kChannels));
  return out;
}

Bytes encode_jpeg(const Picture& picture, int quality) {
  Bytes out;
  const auto append = [](void* to, void* data, int size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), bytes, bytes + size);
  };
  const Picture opaque = on_white(picture);
  stbi_write_jpg_to_func(append, &out, static_cast<int>(opaque.width), static_cast<int>(opaque.height),
                         static_cast<int>(kChannels), opaque.pixels.data(), quality);
  return out;
}

Result<Bytes> encode_sticker(const Picture& picture) {
  const Picture small = shrunk(picture, kStickerEdge);
  Picture square{kStickerEdge, kStickerEdge, Bytes(std::size_t{kStickerEdge} * kStickerEdge * kChannels)};
  const std::uint32_t left = (kStickerEdge - small.width) / 2, top = (kStickerEdge - small.height) / 2;
  for (std::uint32_t y = 0; y < small.height; ++y)
    std::copy_n(small.pixels.begin() + static_cast<std::ptrdiff_t>(std::size_t{y} * small.width * kChannels),
                std::size_t{small.width} * kChannels,
                square.pixels.begin() +
                    static_cast<std::ptrdiff_t>((std::size_t{top + y} * kStickerEdge + left) * kChannels));
  std::uint8_t* encoded = nullptr;
  const std::size_t size = WebPEncodeRGBA(square.pixels.data(), kStickerEdge, kStickerEdge,
                                          kStickerEdge * static_cast<int>(kChannels), 80, &encoded);
  const std::unique_ptr<std::uint8_t, decltype(&WebPFree)> owned(encoded, &WebPFree);
  if (size == 0) return fail(ErrorCode::kIo, "the sticker cannot be encoded");
  return Bytes(encoded, encoded + size);
}

}  // namespace previews
