// The keys of one file, derived from its 32-byte media key and the label of its kind (spec 06 §2.1):
//
//   HKDF-SHA256(media key, no salt, label, 112) = iv 16 || cipher key 32 || MAC key 32 || reference key 32
//
// The IV follows from the media key, so a media key is drawn fresh for every plaintext and never used again
// for another one.
#pragma once

#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "whatsapp/media/media_kind.h"

namespace whatsapp::media {

using MediaKey = base::Secret<32>;

class MediaKeys {
 public:
  MediaKeys(const MediaKey& media_key, MediaKind kind) : MediaKeys(media_key, key_label(kind)) {}
  /// For a kind that this room has no name for.
  MediaKeys(const MediaKey& media_key, std::string_view label);

  [[nodiscard]] std::span<const std::uint8_t, 16> iv() const { return all().subspan<0, 16>(); }
  [[nodiscard]] std::span<const std::uint8_t, 32> cipher_key() const { return all().subspan<16, 32>(); }
  [[nodiscard]] std::span<const std::uint8_t, 32> mac_key() const { return all().subspan<48, 32>(); }
  /// Derived with the others; no known client uses it.
  [[nodiscard]] std::span<const std::uint8_t, 32> reference_key() const { return all().subspan<80, 32>(); }

 private:
  static constexpr std::size_t kSize = 112;

  [[nodiscard]] std::span<const std::uint8_t, kSize> all() const { return expanded_.bytes(); }

  base::Secret<kSize> expanded_;
};

}  // namespace whatsapp::media
