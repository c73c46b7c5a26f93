// What a file is, by its first bytes. Names and declared types are not believed.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace previews {

enum class FileKind { kUnknown, kJpeg, kPng, kGif, kWebp, kOggOpus, kOgg, kMp4, kMp3, kWav, kAmr, kPdf };

/// The first 64 bytes are enough.
FileKind kind_of(base::ByteView head);
/// "image/png"; empty for kUnknown.
std::string_view mimetype_of(FileKind kind);
bool is_picture(FileKind kind);
bool is_sound(FileKind kind);

}  // namespace previews
