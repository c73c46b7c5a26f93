// Making, handing out and using sender keys (spec 04 §9). Like session_cipher.h: values in, values out,
// and a call that fails leaves the record as it was.
#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "whatsapp/signal/decrypt_error.h"
#include "whatsapp/signal/sender_key_record.h"

namespace whatsapp::signal {

/// Messages of a sender key that may be skipped at once.
inline constexpr std::uint32_t kMaxSenderKeyJump = 25'000;

// ---- sending -------------------------------------------------------------------------------------

/// A new key of our own in front of the record: first use in a chat, or rotation.
/// Draws: id (4 bytes, 31 bits used), chain key (32), signing key (32).
void create_sender_key(SenderKeyRecord& record, base::Random& random);

/// 0x33 || protobuf, for those who do not have the key yet. Taken before group_encrypt() of the message
/// that it travels with. kNotFound: no own key.
base::Result<base::Bytes> distribution_message(const SenderKeyRecord& record);

/// An `skmsg`. Store the record before sending. kNotFound: no own key. kLimit: the chain is at its end.
/// Draws 64 bytes for the signature.
base::Result<base::Bytes> group_encrypt(SenderKeyRecord& record, base::ByteView plaintext,
                                        base::Random& random);

// ---- receiving -----------------------------------------------------------------------------------

/// Takes in a distribution message that came inside a decrypted 1:1 payload of that sender. A key that is
/// here already stays as it is, because its chain may be ahead and holds skipped keys.
std::expected<void, DecryptError> process_distribution(SenderKeyRecord& record, base::ByteView message);

/// Which key of its sender a message was encrypted with. kInvalidMessage.
std::expected<std::uint32_t, DecryptError> sender_key_id(base::ByteView wire);

/// The plaintext, still padded. kNoSenderKey also for messages older than what was handed to us, and for
/// messages whose key is no longer kept; kDuplicate only if the key was used.
std::expected<base::Bytes, DecryptError> group_decrypt(SenderKeyRecord& record, base::ByteView wire);

}  // namespace whatsapp::signal
