#include "whatsapp/signal/double_ratchet.h"

#include <algorithm>

#include "crypto/aes.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"

namespace whatsapp::signal {
namespace {

using base::Secret;

ReceiverChain* find_receiver(SessionState& state, const crypto::PublicKey& ratchet) {
  return const_cast<ReceiverChain*>(find_receiver(std::as_const(state), ratchet));
}

void move_chain(ReceiverChain& chain, std::uint32_t counter, const ChainAdvance& advance) {
  if (!advance.forward) {
    chain.skipped.erase(counter);
    return;
  }
  chain.index = advance.forward->index;
  chain.key = advance.forward->key;
  chain.skipped.add_all(advance.forward->passed);
}

std::expected<base::Bytes, DecryptError> open_payload(const SessionState& state, const SignalMessage& message,
                                                      const Secret<32>& seed) {
  const MessageKeys keys = derive_message_keys(seed);
  const auto mac = message_mac(keys.mac, state.remote_identity, state.local_identity, message.authenticated);
  if (!crypto::equal_constant_time(mac, message.mac)) return std::unexpected(DecryptError::kBadMac);
  auto plaintext = crypto::aes256_cbc_decrypt(keys.cipher.bytes(), keys.iv.bytes(), message.ciphertext);
  if (!plaintext) return std::unexpected(DecryptError::kInvalidMessage);
  return *std::move(plaintext);
}

}  // namespace

base::Result<RootAndChain> ratchet_half_step(const Secret<32>& root, const crypto::PrivateKey& ours,
                                             const crypto::PublicKey& theirs) {
  WA_TRY(const Secret<32> shared, crypto::agree(ours, theirs));
  const auto derived = crypto::hkdf_sha256<64>(shared.view(), root.view(), "WhisperRatchet");
  return RootAndChain{Secret<32>{base::to_fixed<32>(derived.view().first(32))},
                      Secret<32>{base::to_fixed<32>(derived.view().last(32))}};
}

const ReceiverChain* find_receiver(const SessionState& state, const crypto::PublicKey& ratchet) {
  const auto at = std::ranges::find(state.receivers, ratchet, &ReceiverChain::ratchet);
  return at == state.receivers.end() ? nullptr : &*at;
}

std::expected<OpenedMessage, DecryptError> open_message(const SessionState& state,
                                                        const SignalMessage& message,
                                                        std::uint32_t max_jump) {
  OpenedMessage out;
  std::expected<ChainAdvance, DecryptError> advance;
  if (const ReceiverChain* chain = find_receiver(state, message.ratchet_key)) {
    const Secret<32>* key = chain->key ? &*chain->key : nullptr;
    advance = plan_advance(chain->index, key, chain->skipped, message.counter, max_jump);
  } else {
    if (!state.sender) return std::unexpected(DecryptError::kInvalidMessage);
    auto step = ratchet_half_step(state.root_key, state.sender->ratchet.private_key, message.ratchet_key);
    if (!step) return std::unexpected(DecryptError::kInvalidKey);
    out.step = *std::move(step);
    advance = plan_advance(0, &out.step->chain, {}, message.counter, max_jump);
  }
  if (!advance) return std::unexpected(advance.error());
  out.advance = *std::move(advance);
  WA_TRY(out.plaintext, open_payload(state, message, out.advance.seed));
  return out;
}

std::expected<void, DecryptError> take_in(SessionState& state, const SignalMessage& message,
                                          const OpenedMessage& opened, base::Random& random) {
  if (!opened.step) {
    move_chain(*find_receiver(state, message.ratchet_key), message.counter, opened.advance);
    state.pending.reset();
    return {};
  }
  const crypto::KeyPair next = crypto::generate_key_pair(random);
  const auto reply = ratchet_half_step(opened.step->root, next.private_key, message.ratchet_key);
  if (!reply) return std::unexpected(DecryptError::kInvalidKey);

  ReceiverChain chain{message.ratchet_key, 0, std::nullopt, {}};
  move_chain(chain, message.counter, opened.advance);
  state.receivers.push_back(std::move(chain));
  if (state.receivers.size() > kMaxReceiverChains) state.receivers.erase(state.receivers.begin());
  const std::uint32_t sent = state.sender->chain.index;
  state.previous_counter = sent > 0 ? sent - 1 : 0;
  state.sender = SenderChain{next, {0, reply->chain}};
  state.root_key = reply->root;
  state.pending.reset();
  return {};
}

}  // namespace whatsapp::signal
