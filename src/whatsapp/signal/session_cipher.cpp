#include "whatsapp/signal/session_cipher.h"

#include <limits>
#include <utility>
#include <vector>

#include "crypto/aes.h"
#include "whatsapp/signal/double_ratchet.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/wire_message.h"

namespace whatsapp::signal {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;

constexpr std::uint32_t kMaxJump = 2000;
constexpr std::uint32_t kMaxJumpOfOwnAccount = 25'000;

std::uint32_t max_jump(const SessionState& state, Peer peer) {
  const bool own = peer == Peer::kOwnAccount || state.remote_identity == state.local_identity;
  return own ? kMaxJumpOfOwnAccount : kMaxJump;
}

/// Which error speaks for a message that no state could read.
class Failures {
 public:
  void add(DecryptError error) {
    tried_ = true;
    bad_mac_ |= error == DecryptError::kBadMac;
    too_far_ |= error == DecryptError::kTooFarAhead;
    invalid_key_ |= error == DecryptError::kInvalidKey;
  }
  [[nodiscard]] DecryptError verdict() const {
    if (!tried_) return DecryptError::kNoSession;  // nothing but unreadable states
    if (bad_mac_) return DecryptError::kBadMac;
    if (too_far_) return DecryptError::kTooFarAhead;
    return invalid_key_ ? DecryptError::kInvalidKey : DecryptError::kInvalidMessage;
  }

 private:
  bool tried_ = false;
  bool bad_mac_ = false;
  bool too_far_ = false;
  bool invalid_key_ = false;
};

/// One message against the states of one record.
class Reader {
 public:
  Reader(SessionRecord& record, const SignalMessage& message, const ReceiveContext& context)
      : record_(record), message_(message), context_(context) {}

  std::expected<Bytes, DecryptError> read_in_current() {
    SessionState& state = *record_.mutable_current();
    WA_TRY(OpenedMessage opened, open_message(state, message_, max_jump(state, context_.peer)));
    WA_TRY_VOID(take_in(state, message_, opened, context_.random));
    return std::move(opened.plaintext);
  }

  std::expected<Bytes, DecryptError> read_in_archived(std::size_t position, SessionState state) {
    WA_TRY(OpenedMessage opened, open_message(state, message_, max_jump(state, context_.peer)));
    WA_TRY_VOID(take_in(state, message_, opened, context_.random));
    if (may_become_current(state))
      record_.promote(position, std::move(state));
    else
      record_.replace_archived(position, state);
    return std::move(opened.plaintext);
  }

 private:
  [[nodiscard]] bool may_become_current(const SessionState& state) const {
    const auto& stored = context_.stored_identity;
    return state.sender && (!stored || *stored == state.remote_identity);
  }

  SessionRecord& record_;
  const SignalMessage& message_;
  const ReceiveContext& context_;
};

using Attempt = std::expected<Bytes, DecryptError>;

/// Final: read, or used before. Anything else another state may do better.
bool settles(const Attempt& attempt) { return attempt || attempt.error() == DecryptError::kDuplicate; }

enum class Knows { kRatchetKey, kNothing };

/// Tries, and uses up, the archived states that know the message's ratchet key, or those that do not.
std::optional<Attempt> try_archived(std::vector<std::optional<SessionState>>& states, Knows knows,
                                    Reader& reader, const SignalMessage& message, Failures& failures) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!states[i]) continue;
    const bool known = find_receiver(*states[i], message.ratchet_key) != nullptr;
    if (known != (knows == Knows::kRatchetKey)) continue;
    SessionState state = *std::exchange(states[i], std::nullopt);
    Attempt attempt = reader.read_in_archived(i, std::move(state));
    if (settles(attempt)) return attempt;
    failures.add(attempt.error());
  }
  return std::nullopt;
}

Attempt read_with_any_state(SessionRecord& record, const SignalMessage& message,
                            const ReceiveContext& context) {
  Reader reader{record, message, context};
  Failures failures;

  const bool current_knows = record.current() && find_receiver(*record.current(), message.ratchet_key);
  if (current_knows) {
    Attempt attempt = reader.read_in_current();
    if (settles(attempt)) return attempt;
    failures.add(attempt.error());
  }
  std::vector<std::optional<SessionState>> archived;
  for (std::size_t i = 0; i < record.archived_count(); ++i) archived.push_back(record.archived(i));
  if (auto attempt = try_archived(archived, Knows::kRatchetKey, reader, message, failures)) return *attempt;
  // Only now the states in which the ratchet would turn: each costs a key agreement.
  if (record.current() && !current_knows) {
    Attempt attempt = reader.read_in_current();
    if (settles(attempt)) return attempt;
    failures.add(attempt.error());
  }
  if (auto attempt = try_archived(archived, Knows::kNothing, reader, message, failures)) return *attempt;
  return std::unexpected(failures.verdict());
}

std::expected<Decrypted, DecryptError> decrypt_message(SessionRecord& record, ByteView wire,
                                                       const ReceiveContext& context) {
  WA_TRY(const SignalMessage message, SignalMessage::parse(wire));
  WA_TRY(Bytes plaintext, read_with_any_state(record, message, context));
  return Decrypted{std::move(plaintext), std::nullopt, IdentityNews::kNone, {}};
}

/// A `pkmsg` of a session that we have: it is repeated until our first answer arrives, or redelivered. No
/// other state can be meant. The identity outside must be the session's: nothing authenticates it.
std::optional<Attempt> read_in_known_session(SessionRecord& record, const PreKeySignalMessage& outer,
                                             const SignalMessage& message, const ReceiveContext& context) {
  const auto foreign = [&](const SessionState& state) { return state.remote_identity != outer.identity_key; };
  Reader reader{record, message, context};
  if (const SessionState* current = record.current(); current && current->base_key == outer.base_key) {
    if (foreign(*current)) return std::unexpected(DecryptError::kInvalidMessage);
    return reader.read_in_current();
  }
  for (std::size_t i = 0; i < record.archived_count(); ++i) {
    auto state = record.archived(i);
    if (!state || state->base_key != outer.base_key) continue;
    if (foreign(*state)) return std::unexpected(DecryptError::kInvalidMessage);
    return reader.read_in_archived(i, std::move(*state));
  }
  return std::nullopt;
}

std::expected<SessionState, DecryptError> respond(const PreKeySignalMessage& outer,
                                                  const ReceiveContext& context) {
  const auto signed_pre_key = context.pre_keys.find_signed_pre_key(outer.signed_pre_key_id);
  if (!signed_pre_key) return std::unexpected(DecryptError::kInvalidKeyId);
  std::optional<PreKey> pre_key;
  if (outer.pre_key_id) {
    pre_key = context.pre_keys.find_pre_key(*outer.pre_key_id);
    if (!pre_key) return std::unexpected(DecryptError::kInvalidKeyId);
  }
  auto state = respond_to_session(outer, context.local, *signed_pre_key, pre_key ? &*pre_key : nullptr);
  if (!state) return std::unexpected(DecryptError::kInvalidKey);
  return *std::move(state);
}

IdentityNews news_of(const crypto::PublicKey& identity, const std::optional<crypto::PublicKey>& stored) {
  if (!stored) return IdentityNews::kFirstSeen;
  return *stored == identity ? IdentityNews::kNone : IdentityNews::kChanged;
}

std::expected<Decrypted, DecryptError> decrypt_pre_key_message(SessionRecord& record, ByteView wire,
                                                               const ReceiveContext& context) {
  WA_TRY(const PreKeySignalMessage outer, PreKeySignalMessage::parse(wire));
  WA_TRY(const SignalMessage message, SignalMessage::parse(outer.message));
  if (auto attempt = read_in_known_session(record, outer, message, context)) {
    if (!*attempt) return std::unexpected(attempt->error());
    return Decrypted{**std::move(attempt), std::nullopt, IdentityNews::kNone, {}};
  }
  WA_TRY(SessionState state, respond(outer, context));
  WA_TRY(OpenedMessage opened, open_message(state, message, max_jump(state, context.peer)));
  WA_TRY_VOID(take_in(state, message, opened, context.random));
  record.install(std::move(state));
  return Decrypted{std::move(opened.plaintext), outer.pre_key_id,
                   news_of(outer.identity_key, context.stored_identity), outer.identity_key};
}

}  // namespace

std::string_view to_string(MessageKind kind) { return kind == MessageKind::kMessage ? "msg" : "pkmsg"; }

base::Result<CiphertextMessage> encrypt(SessionRecord& record, ByteView plaintext) {
  SessionState* state = record.mutable_current();
  if (state == nullptr || !state->sender)
    return base::fail(ErrorCode::kNotFound, "no session to encrypt with");
  SenderChain& sender = *state->sender;
  if (sender.chain.index == std::numeric_limits<std::uint32_t>::max())
    return base::fail(ErrorCode::kLimit, "sender chain is used up");

  const MessageKeys keys = derive_message_keys(message_seed(sender.chain.key));
  const Bytes ciphertext = crypto::aes256_cbc_encrypt(keys.cipher.bytes(), keys.iv.bytes(), plaintext);
  Bytes message = encode_signal_message(sender.ratchet.public_key, sender.chain.index,
                                        state->previous_counter, ciphertext);
  base::append(message, message_mac(keys.mac, state->local_identity, state->remote_identity, message));
  sender.chain = {sender.chain.index + 1, next_chain_key(sender.chain.key)};

  if (!state->pending) return CiphertextMessage{MessageKind::kMessage, std::move(message)};
  const PreKeySignalMessage outer{state->pending->pre_key_id,   state->pending->signed_pre_key_id,
                                  state->pending->base_key,     state->local_identity,
                                  state->local_registration_id, std::move(message)};
  return CiphertextMessage{MessageKind::kPreKeyMessage, outer.encode()};
}

std::optional<PreKey> LoadedPreKeys::find_pre_key(std::uint32_t id) const {
  return pre_key && pre_key->id == id ? pre_key : std::nullopt;
}

std::optional<SignedPreKey> LoadedPreKeys::find_signed_pre_key(std::uint32_t id) const {
  return signed_pre_key && signed_pre_key->id == id ? signed_pre_key : std::nullopt;
}

std::expected<NamedPreKeys, DecryptError> peek_pre_keys(ByteView pre_key_message) {
  WA_TRY(const PreKeySignalMessage outer, PreKeySignalMessage::parse(pre_key_message));
  return NamedPreKeys{outer.pre_key_id, outer.signed_pre_key_id};
}

std::expected<Decrypted, DecryptError> decrypt(SessionRecord& record, MessageKind kind, ByteView wire,
                                               const ReceiveContext& context) {
  return kind == MessageKind::kMessage ? decrypt_message(record, wire, context)
                                       : decrypt_pre_key_message(record, wire, context);
}

}  // namespace whatsapp::signal
