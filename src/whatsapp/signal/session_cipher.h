// Encrypting and decrypting 1:1 messages with a session record (spec 04 §8).
//
//   SessionRecord record = ...;                    // from the store
//   auto message = encrypt(record, padded);        // then: store the record, then send
//   auto opened = decrypt(record, MessageKind::kPreKeyMessage, bytes, context);
//                                                  // then: one transaction with everything in `opened`
//
// Nothing is read or stored here. A call that fails leaves the record as it was.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "whatsapp/signal/decrypt_error.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/session_record.h"

namespace whatsapp::signal {

/// The `type` of <enc>: "msg" and "pkmsg".
enum class MessageKind { kMessage, kPreKeyMessage };
std::string_view to_string(MessageKind kind);

struct CiphertextMessage {
  MessageKind kind = MessageKind::kMessage;
  base::Bytes bytes;
};

/// `plaintext` is padded already. A `pkmsg` until the other side has answered, then a `msg`.
/// kNotFound: no state that can encrypt (see SessionRecord::can_encrypt). kLimit: the chain is at its end.
base::Result<CiphertextMessage> encrypt(SessionRecord& record, base::ByteView plaintext);

/// Our own pre-keys, by id. The caller looks into the message with peek_pre_keys() and has them at hand.
class PreKeySource {
 public:
  virtual ~PreKeySource() = default;
  [[nodiscard]] virtual std::optional<PreKey> find_pre_key(std::uint32_t id) const = 0;
  [[nodiscard]] virtual std::optional<SignedPreKey> find_signed_pre_key(std::uint32_t id) const = 0;
};

/// The pre-keys that one message names, loaded by the caller: all that decrypt() can ask for.
struct LoadedPreKeys final : PreKeySource {
  std::optional<PreKey> pre_key;
  std::optional<SignedPreKey> signed_pre_key;

  [[nodiscard]] std::optional<PreKey> find_pre_key(std::uint32_t id) const override;
  [[nodiscard]] std::optional<SignedPreKey> find_signed_pre_key(std::uint32_t id) const override;
};

/// What a `pkmsg` names, before anything of it is believed.
struct NamedPreKeys {
  std::optional<std::uint32_t> pre_key_id;
  std::uint32_t signed_pre_key_id = 0;
};
std::expected<NamedPreKeys, DecryptError> peek_pre_keys(base::ByteView pre_key_message);

/// Our own devices may be far behind (25 000 messages), others not (2000).
enum class Peer { kOther, kOwnAccount };

struct ReceiveContext {
  const LocalIdentity& local;
  const PreKeySource& pre_keys;                      // asked only for a `pkmsg` that begins a new session
  std::optional<crypto::PublicKey> stored_identity;  // of the sender's address, if we know one
  Peer peer = Peer::kOther;
  base::Random& random;  // draws one ratchet key (32 bytes), only after a message with a new one decrypted
};

/// What the sender's identity key turned out to be.
enum class IdentityNews { kNone, kFirstSeen, kChanged };

struct Decrypted {
  base::Bytes plaintext;  // still padded
  /// One-time pre-key to delete in the transaction that stores the record.
  std::optional<std::uint32_t> used_pre_key_id;
  /// Unless kNone, `identity` is stored for the address in the same transaction.
  IdentityNews identity_news = IdentityNews::kNone;
  crypto::PublicKey identity{};
};

/// Tries the states of the record, each as if the others did not exist. An older state that decrypts
/// becomes current, unless it belongs to an identity that is no longer the stored one.
std::expected<Decrypted, DecryptError> decrypt(SessionRecord& record, MessageKind kind, base::ByteView wire,
                                               const ReceiveContext& context);

}  // namespace whatsapp::signal
