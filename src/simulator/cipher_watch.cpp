#include "simulator/cipher_watch.h"

#include "crypto/hash.h"
#include "whatsapp/signal/wire_message.h"

namespace simulator {
namespace {

using whatsapp::signal::PreKeySignalMessage;
using whatsapp::signal::SignalMessage;

std::optional<SignalMessage> inner_message(std::string_view type, base::ByteView ciphertext) {
  base::Bytes unwrapped;
  if (type == "pkmsg") {
    auto outer = PreKeySignalMessage::parse(ciphertext);
    if (!outer) return std::nullopt;
    unwrapped = std::move(outer->message);
    ciphertext = unwrapped;
  }
  auto message = SignalMessage::parse(ciphertext);
  if (!message) return std::nullopt;
  return *std::move(message);
}

template <class... Parts>
std::uint64_t short_hash(const Parts&... parts) {
  return base::read_big_endian(base::ByteView{crypto::sha256(parts...)}.first(8));
}

}  // namespace

CipherWatch::Verdict CipherWatch::note(std::string_view type, base::ByteView ciphertext) {
  const auto message = inner_message(type, ciphertext);
  if (!message) return Verdict::kUnreadable;
  const std::uint64_t key = short_hash(message->ratchet_key, base::big_endian<4>(message->counter));
  const std::uint64_t content = short_hash(message->ciphertext);
  const auto [entry, fresh] = seen_.emplace(key, content);
  if (!fresh) return entry->second == content ? Verdict::kRepeated : Verdict::kReused;
  order_.push_back(key);
  if (order_.size() > kWatchedCiphers) {
    seen_.erase(order_.front());
    order_.pop_front();
  }
  return Verdict::kFresh;
}

}  // namespace simulator
