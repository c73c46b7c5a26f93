#include "whatsapp/signal/group_cipher.h"

#include <limits>

#include "crypto/aes.h"
#include "crypto/hkdf.h"
#include "crypto/xeddsa.h"
#include "proto/signal.pb.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/proto_bytes.h"
#include "whatsapp/signal/wire_message.h"

namespace whatsapp::signal {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Secret;

constexpr std::size_t kSignatureSize = crypto::Signature{}.size();
constexpr std::size_t kMinMessageSize = 1 + 1 + kSignatureSize;
constexpr std::size_t kCipherBlock = 16;
constexpr base::FixedBytes<1> kVersion{kVersionByte};

struct GroupMessageKeys {
  Secret<16> iv;
  Secret<32> cipher;
};

GroupMessageKeys derive_group_keys(const Secret<32>& seed) {
  const auto derived = crypto::hkdf_sha256<48>(seed.view(), {}, "WhisperGroup");
  return {Secret<16>{base::to_fixed<16>(derived.view().first(16))},
          Secret<32>{base::to_fixed<32>(derived.view().last(32))}};
}

/// 33 bytes as everybody writes it, or the bare 32 of some old clients.
std::optional<crypto::PublicKey> parse_signing_key(ByteView bytes) {
  if (bytes.size() == 32) return base::to_fixed<32>(bytes);
  return parse_wire_key(bytes);
}

std::expected<SenderKeyState, DecryptError> parse_distribution(ByteView message) {
  const auto invalid = [](DecryptError error) { return std::unexpected(error); };
  proto::SenderKeyDistribution fields;
  if (message.size() < 2 || !has_current_version(message) || !parse_proto(fields, message.subspan(1)))
    return invalid(DecryptError::kInvalidMessage);
  if (!fields.has_id() || !fields.has_iteration() || !fields.has_signing_key() ||
      fields.chain_key().size() != 32)
    return invalid(DecryptError::kInvalidMessage);
  const auto signing_key = parse_signing_key(base::as_bytes(fields.signing_key()));
  if (!signing_key) return invalid(DecryptError::kInvalidKey);

  SenderKeyState out;
  out.id = fields.id();
  out.chain = {fields.iteration(), Secret<32>{base::to_fixed<32>(base::as_bytes(fields.chain_key()))}};
  out.signing_key = *signing_key;
  out.start_iteration = fields.iteration();
  wipe(fields.mutable_chain_key());
  return out;
}

/// An existing chain that can no longer be brought up to where the sender is.
bool is_out_of_reach(const SenderKeyState& ours, const SenderKeyState& announced) {
  return announced.chain.index > ours.chain.index &&
         announced.chain.index - ours.chain.index >= kMaxSenderKeyJump;
}

std::expected<proto::SenderKeyMessage, DecryptError> parse_message(ByteView wire) {
  proto::SenderKeyMessage fields;
  const bool decodes = wire.size() >= kMinMessageSize && has_current_version(wire) &&
                       parse_proto(fields, wire.subspan(1, wire.size() - 1 - kSignatureSize));
  if (!decodes || !fields.has_id() || !fields.has_iteration() || fields.ciphertext().empty() ||
      fields.ciphertext().size() % kCipherBlock != 0)
    return std::unexpected(DecryptError::kInvalidMessage);
  return fields;
}

/// A message behind the chain whose key is not kept: used, or never ours to read?
DecryptError classify_old(const SenderKeyState& state, std::uint32_t iteration) {
  const auto lowest_kept = state.skipped.lowest_index();
  const bool never_kept = iteration < state.start_iteration || (lowest_kept && iteration < *lowest_kept);
  return never_kept ? DecryptError::kNoSenderKey : DecryptError::kDuplicate;
}

void move_chain(SenderKeyState& state, std::uint32_t iteration, ChainAdvance&& advance) {
  if (!advance.forward) {
    state.skipped.erase(iteration);
    return;
  }
  state.chain = {advance.forward->index, advance.forward->key};
  if (!advance.forward->passed.empty()) state.skipped.add_all(advance.forward->passed);
}

}  // namespace

void create_sender_key(SenderKeyRecord& record, base::Random& random) {
  SenderKeyState state;
  state.id = static_cast<std::uint32_t>(base::read_big_endian(random.bytes<4>())) & 0x7FFFFFFF;
  random.fill(state.chain.key.mutable_bytes());
  const crypto::KeyPair signing = crypto::generate_key_pair(random);
  state.signing_key = signing.public_key;
  state.signing_private = signing.private_key;
  record.erase(state.id);
  record.insert(std::move(state));
}

base::Result<Bytes> distribution_message(const SenderKeyRecord& record) {
  const SenderKeyState* state = record.own();
  if (state == nullptr) return base::fail(ErrorCode::kNotFound, "no sender key of our own");
  proto::SenderKeyDistribution fields;
  fields.set_id(state->id);
  fields.set_iteration(state->chain.index);
  set_bytes(fields.mutable_chain_key(), state->chain.key.view());
  set_bytes(fields.mutable_signing_key(), to_wire_key(state->signing_key));
  Bytes out = serialize_proto(fields, kVersion);
  wipe(fields.mutable_chain_key());
  return out;
}

base::Result<Bytes> group_encrypt(SenderKeyRecord& record, ByteView plaintext, base::Random& random) {
  SenderKeyState* state = record.mutable_own();
  if (state == nullptr) return base::fail(ErrorCode::kNotFound, "no sender key of our own");
  if (state->chain.index == std::numeric_limits<std::uint32_t>::max())
    return base::fail(ErrorCode::kLimit, "sender key chain is used up");

  const GroupMessageKeys keys = derive_group_keys(message_seed(state->chain.key));
  proto::SenderKeyMessage fields;
  fields.set_id(state->id);
  fields.set_iteration(state->chain.index);
  set_bytes(fields.mutable_ciphertext(),
            crypto::aes256_cbc_encrypt(keys.cipher.bytes(), keys.iv.bytes(), plaintext));
  Bytes out = serialize_proto(fields, kVersion);
  base::append(out, crypto::xeddsa_sign(*state->signing_private, out, random));
  state->chain = {state->chain.index + 1, next_chain_key(state->chain.key)};
  return out;
}

std::expected<void, DecryptError> process_distribution(SenderKeyRecord& record, ByteView message) {
  WA_TRY(SenderKeyState announced, parse_distribution(message));
  const SenderKeyState* known = record.find(announced.id);
  const bool keep =
      known != nullptr && known->signing_key == announced.signing_key && !is_out_of_reach(*known, announced);
  if (keep) {
    record.move_to_front(announced.id);
    return {};
  }
  record.erase(announced.id);
  record.insert(std::move(announced));
  return {};
}

std::expected<std::uint32_t, DecryptError> sender_key_id(ByteView wire) {
  WA_TRY(const proto::SenderKeyMessage message, parse_message(wire));
  return message.id();
}

std::expected<Bytes, DecryptError> group_decrypt(SenderKeyRecord& record, ByteView wire) {
  WA_TRY(const proto::SenderKeyMessage message, parse_message(wire));
  SenderKeyState* state = record.find_mutable(message.id());
  if (state == nullptr) return std::unexpected(DecryptError::kNoSenderKey);
  const ByteView authenticated = wire.first(wire.size() - kSignatureSize);
  if (!crypto::xeddsa_verify(state->signing_key, authenticated, wire.last(kSignatureSize)))
    return std::unexpected(DecryptError::kInvalidSignature);

  auto advance = plan_advance(state->chain.index, &state->chain.key, state->skipped, message.iteration(),
                              kMaxSenderKeyJump);
  if (!advance && advance.error() == DecryptError::kDuplicate)
    return std::unexpected(classify_old(*state, message.iteration()));
  if (!advance) return std::unexpected(advance.error());

  const GroupMessageKeys keys = derive_group_keys(advance->seed);
  auto plaintext =
      crypto::aes256_cbc_decrypt(keys.cipher.bytes(), keys.iv.bytes(), base::as_bytes(message.ciphertext()));
  if (!plaintext) return std::unexpected(DecryptError::kInvalidMessage);
  move_chain(*state, message.iteration(), *std::move(advance));
  return *std::move(plaintext);
}

}  // namespace whatsapp::signal
