// Opening one incoming message: from its encrypted payloads and what the store knows about the sender, to
// what it says, or why it could not be read. No I/O here: the receiver loads, calls and commits.
// Spec 04 §8.4, §8.5, §9; 05 §7.6.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "whatsapp/client/encrypted_payloads.h"
#include "whatsapp/client/session_keeper.h"
#include "whatsapp/message/content.h"
#include "whatsapp/signal/sender_key_record.h"
#include "whatsapp/signal/session_cipher.h"

namespace whatsapp {

/// What is loaded before a message is opened.
struct SenderState {
  signal::Address address;
  signal::LoadedPreKeys pre_keys;
  signal::SenderKeyRecord sender_keys;  // only for shared chats
};

struct Opened {
  std::vector<message::ReadMessage> messages;
  enum class Ending {
    kRead,           // every payload that matters was read
    kDuplicate,      // its keys were used before
    kUndecryptable,  // `error` says why
    kNoMessage,      // decrypted to bytes that are no message
  } ending = Ending::kRead;
  signal::DecryptError error = signal::DecryptError::kInvalidMessage;
  bool sender_keys_changed = false;
  bool identity_changed = false;  // the sender has other keys than we knew
};

class MessageOpener {
 public:
  MessageOpener(SessionKeeper& sessions, const signal::LocalIdentity& local, const MessageSource& source,
                std::int64_t now, base::Random& random)
      : sessions_(sessions), local_(local), source_(source), now_(now), random_(random) {}

  /// Advances sessions and sender keys of what could be decrypted, into `changes`. The sender's address must
  /// be loaded.
  Opened open(const std::vector<EncryptedPayload>& payloads, SenderState& sender, store::Changes& changes);

 private:
  using Plaintext = std::expected<base::Bytes, signal::DecryptError>;

  Plaintext decrypt(const EncryptedPayload& payload, SenderState& sender, Opened& opened,
                    store::Changes& changes);
  Plaintext decrypt_pairwise(const EncryptedPayload& payload, SenderState& sender, Opened& opened,
                             store::Changes& changes);
  void take_sender_key(const message::ReadMessage& read, SenderState& sender, Opened& opened);

  SessionKeeper& sessions_;
  const signal::LocalIdentity& local_;
  const MessageSource& source_;
  std::int64_t now_;
  base::Random& random_;
};

}  // namespace whatsapp
