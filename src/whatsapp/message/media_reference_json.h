// The place of a file as JSON, to be kept beside a message until the file has been fetched. It has the file's
// key: it stays in the account's store and never leaves towards the edge or a log.
//
//   {"kind":"image","direct_path":"/v/…","url":"https://…","media_key":B64,"media_key_timestamp":1700000000,
//    "file_sha256":B64,"file_enc_sha256":B64,"length":1234,"mimetype":"image/jpeg","file_name":"a.pdf",
//    "width":640,"height":480,"seconds":3,"page_count":2,"animated":true}
//
// Absent and empty are the same. Thumbnail, waveform and sidecar are not kept: nobody who fetches needs them.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "whatsapp/message/media_reference.h"

namespace whatsapp::message {

nlohmann::json encode_media_reference(const MediaReference& reference);
/// kMalformed for what encode_media_reference() did not write.
base::Result<MediaReference> decode_media_reference(const nlohmann::json& json);

/// The edge's word for a file: image, video, audio, document, sticker.
std::string media_type_word(media::MediaKind kind);

}  // namespace whatsapp::message
