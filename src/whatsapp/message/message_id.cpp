#include "whatsapp/message/message_id.h"

#include <algorithm>
#include <cctype>

#include "base/encoding.h"
#include "crypto/hash.h"

namespace whatsapp::message {
namespace {

constexpr std::size_t kHashBytes = 9;

std::string id_from(const crypto::Sha256Digest& digest) {
  std::string hex = base::to_hex(base::ByteView{digest}.first(kHashBytes));
  std::ranges::transform(hex, hex.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return "3EB0" + hex;
}

}  // namespace

std::string generate_message_id(std::string_view own_user, std::uint64_t unix_seconds, base::Random& random) {
  const auto time = base::big_endian<8>(unix_seconds);
  return id_from(crypto::sha256(time, base::as_bytes(own_user), base::as_bytes("@c.us"), random.bytes<16>()));
}

std::string derive_message_id(std::string_view instance_id, std::string_view queue_id) {
  // The length in front makes ("a", "bc") another input than ("ab", "c").
  const auto length = base::big_endian<8>(instance_id.size());
  return id_from(crypto::sha256(length, base::as_bytes(instance_id), base::as_bytes(queue_id)));
}

}  // namespace whatsapp::message
