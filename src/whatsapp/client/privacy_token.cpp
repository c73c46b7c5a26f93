#include "whatsapp/client/privacy_token.h"

#include <algorithm>
#include <utility>

#include "crypto/hmac.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using binary::Jid;
using binary::Node;

namespace {

constexpr UnixSeconds kBucket = 604'800;
constexpr UnixSeconds kBuckets = 4;
constexpr std::size_t kHead = 16;

UnixSeconds bucket_of(UnixSeconds time) { return time / kBucket; }

UnixSeconds time_at(ByteView bytes, std::size_t offset) {
  const std::uint64_t read = base::read_big_endian(bytes.subspan(offset, 8));
  return static_cast<UnixSeconds>(std::min<std::uint64_t>(read, std::uint64_t{1} << 40));
}

}  // namespace

bool PrivacyToken::update(ByteView other, UnixSeconds other_made_at) {
  if (other.empty() || other.size() > kMaxPrivacyToken || other_made_at < made_at) return false;
  if (other_made_at == made_at && std::ranges::equal(other, token)) return false;
  token = base::to_bytes(other);
  made_at = other_made_at;
  return true;
}

bool PrivacyToken::usable(UnixSeconds now) const {
  return !token.empty() && bucket_of(made_at) > bucket_of(now) - kBuckets;
}

bool PrivacyToken::issue_due(UnixSeconds now) const {
  return issued_at == 0 || bucket_of(now) > bucket_of(issued_at);
}

UnixSeconds PrivacyToken::useless_from() const {
  return (bucket_of(std::max(made_at, issued_at)) + kBuckets) * kBucket;
}

Bytes to_bytes(const PrivacyToken& token) {
  return base::concat(base::big_endian<8>(static_cast<std::uint64_t>(token.made_at)),
                      base::big_endian<8>(static_cast<std::uint64_t>(token.issued_at)), token.token);
}

PrivacyToken privacy_token_from_bytes(ByteView bytes) {
  PrivacyToken out;
  if (bytes.size() < kHead || bytes.size() > kHead + kMaxPrivacyToken) return out;
  out.made_at = time_at(bytes, 0);
  out.issued_at = time_at(bytes, 8);
  out.token = base::to_bytes(bytes.subspan(kHead));
  return out;
}

std::optional<ReceivedToken> read_privacy_token(const Node& stanza) {
  const Node* tokens = stanza.child("tokens");
  if (tokens == nullptr) return std::nullopt;
  std::optional<ReceivedToken> newest;
  for (const Node* token : tokens->children("token")) {
    if (!token->attr_is("type", "trusted_contact")) continue;
    const UnixSeconds made_at = token->number("t").value_or(0);
    const bool sound = !token->bytes().empty() && token->bytes().size() <= kMaxPrivacyToken && made_at > 0;
    if (sound && (!newest || made_at >= newest->made_at))
      newest = ReceivedToken{base::to_bytes(token->bytes()), made_at};
  }
  return newest;
}

Node issue_token_query(const Jid& to, UnixSeconds now) {
  Node token = Node("token").with("jid", to.account()).with("t", now).with("type", "trusted_contact");
  return Node("iq")
      .with("to", Jid::service())
      .with("type", "set")
      .with("xmlns", "privacy")
      .add(Node("tokens").add(std::move(token)));
}

base::FixedBytes<32> fallback_token(ByteView salt, const Jid& lid) {
  const std::string name = lid.account().to_string();
  return crypto::hmac_sha256(salt, base::as_bytes(name));
}

}  // namespace whatsapp
