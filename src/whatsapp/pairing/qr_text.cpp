#include "whatsapp/pairing/qr_text.h"

#include <array>
#include <optional>

#include "base/encoding.h"

namespace whatsapp::pairing {
namespace {

using base::Base64;

constexpr std::size_t kFieldsAfterRef = 4;

std::optional<base::FixedBytes<32>> decode_key(std::string_view text) {
  for (Base64 variant :
       {Base64::kStandard, Base64::kStandardNoPadding, Base64::kUrl, Base64::kUrlNoPadding}) {
    const auto bytes = base::from_base64(text, variant);
    if (bytes && bytes->size() == 32) return base::to_fixed<32>(*bytes);
  }
  return std::nullopt;
}

}  // namespace

std::string qr_text(const QrContent& content) {
  std::string out{kQrPrefix};
  out += content.ref;
  for (base::ByteView key :
       {base::ByteView{content.noise}, base::ByteView{content.identity}, content.adv_secret.view()})
    out += ',' + base::to_base64(key);
  return out + ',' + content.platform;
}

base::Result<QrContent> parse_qr_text(std::string_view text) {
  const auto malformed = [](const char* what) { return base::fail(base::ErrorCode::kMalformed, what); };
  if (text.starts_with(kQrPrefix)) text.remove_prefix(kQrPrefix.size());

  // From the right, because the ref may contain commas.
  std::array<std::string_view, kFieldsAfterRef> fields;
  for (std::size_t i = fields.size(); i > 0; --i) {
    const std::size_t comma = text.rfind(',');
    if (comma == std::string_view::npos) return malformed("QR text with too few fields");
    fields[i - 1] = text.substr(comma + 1);
    text = text.substr(0, comma);
  }
  const auto noise = decode_key(fields[0]);
  const auto identity = decode_key(fields[1]);
  const auto secret = decode_key(fields[2]);
  if (!noise || !identity || !secret) return malformed("QR text with a key out of form");
  if (text.empty() || fields[3].empty()) return malformed("QR text with an empty field");
  return QrContent{std::string{text}, *noise, *identity, AdvSecret{*secret}, std::string{fields[3]}};
}

}  // namespace whatsapp::pairing
