#include "whatsapp/message/phash.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace whatsapp::message {
namespace {

constexpr std::size_t kHashBytes = 6;

std::string canonical(const binary::Jid& device) {
  const binary::Jid jid = device.normalized();
  return std::string{jid.user()} + ".0:" + std::to_string(jid.device()) + '@' +
         std::string{jid.server_text()};
}

}  // namespace

std::string participant_hash(std::span<const binary::Jid> devices) {
  std::vector<std::string> names;
  names.reserve(devices.size());
  for (const binary::Jid& device : devices) names.push_back(canonical(device));
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());

  std::vector<base::ByteView> parts;
  for (const std::string& name : names) parts.push_back(base::as_bytes(name));
  const auto digest = crypto::sha256_of(parts);
  return "2:" + base::to_base64(base::ByteView{digest}.first(kHashBytes));
}

}  // namespace whatsapp::message
