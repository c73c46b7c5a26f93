#include "whatsapp/media/media_url.h"

#include <algorithm>

#include "base/encoding.h"

namespace whatsapp::media {
namespace {

constexpr std::size_t kLongestDirectPath = 4096;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

bool may_be_in_a_path(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f && c != '\\' && c != '#';
}

/// "mmg.whatsapp.net" is at or below "whatsapp.net".
bool is_below(std::string_view host, std::string_view domain) {
  if (!host.ends_with(domain)) return false;
  const std::string_view before = host.substr(0, host.size() - domain.size());
  return before.empty() || (before.size() > 1 && before.back() == '.');
}

}  // namespace

std::string upload_token(const crypto::Sha256Digest& file_enc_sha256) {
  return base::to_base64(file_enc_sha256, base::Base64::kUrlNoPadding);
}

std::string upload_target(MediaKind kind, const crypto::Sha256Digest& file_enc_sha256,
                          std::string_view auth) {
  const std::string token = upload_token(file_enc_sha256);
  std::string target{"/mms/"};
  target.append(mms_type(kind)).append("/").append(token);
  target.append("?auth=").append(percent_encoded(auth)).append("&token=").append(token);
  return target;
}

base::Result<std::string> download_target(std::string_view direct_path,
                                          const std::optional<crypto::Sha256Digest>& file_enc_sha256,
                                          MediaKind kind) {
  WA_TRY_VOID(check_direct_path(direct_path));
  std::string target{direct_path};
  target += direct_path.contains('?') ? '&' : '?';
  target += "hash=";
  if (file_enc_sha256) target += base::to_base64(*file_enc_sha256, base::Base64::kUrl);
  target.append("&mms-type=").append(mms_type(kind)).append("&__wa-mms=");
  return target;
}

base::Result<void> check_direct_path(std::string_view direct_path) {
  const bool one_slash = direct_path.starts_with('/') && !direct_path.starts_with("//");
  if (!one_slash || direct_path.size() > kLongestDirectPath ||
      !std::ranges::all_of(direct_path, may_be_in_a_path))
    return base::fail(base::ErrorCode::kMalformed, "media path is not one of the media hosts");
  return {};
}

bool is_media_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme) || !std::ranges::all_of(url, may_be_in_a_path)) return false;
  url.remove_prefix(kScheme.size());
  const std::string_view host = url.substr(0, url.find_first_of("/?"));
  const bool plain = std::ranges::all_of(host, [](char c) { return is_unreserved(c); });
  return plain && host != "web.whatsapp.net" &&
         (is_below(host, "whatsapp.net") || is_below(host, "fbcdn.net"));
}

}  // namespace whatsapp::media
