#include "whatsapp/media/media_keys.h"

#include "crypto/hkdf.h"

namespace whatsapp::media {

MediaKeys::MediaKeys(const MediaKey& media_key, std::string_view label)
    : expanded_(crypto::hkdf_sha256<kSize>(media_key.view(), {}, label)) {}

}  // namespace whatsapp::media
