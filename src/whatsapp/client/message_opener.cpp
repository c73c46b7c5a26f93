#include "whatsapp/client/message_opener.h"

#include <utility>

#include "whatsapp/message/padding.h"
#include "whatsapp/signal/group_cipher.h"

namespace whatsapp {

using base::Result;
using message::ReadMessage;
using signal::DecryptError;
using store::Changes;

namespace {

Result<ReadMessage> read(base::ByteView plaintext) {
  WA_TRY(const base::ByteView unpadded, message::unpad(plaintext));
  return message::read_message(unpadded);
}

}  // namespace

Opened MessageOpener::open(const std::vector<EncryptedPayload>& payloads, SenderState& sender,
                           Changes& changes) {
  Opened opened;
  bool duplicates = false;
  for (const EncryptedPayload& payload : payloads) {
    const auto plaintext = decrypt(payload, sender, opened, changes);
    if (!plaintext && plaintext.error() == DecryptError::kDuplicate) {
      duplicates = true;
      continue;
    }
    if (!plaintext) {
      // The rest waits for the retry, which brings everything: a sender key may be in what failed.
      opened.ending = Opened::Ending::kUndecryptable;
      opened.error = plaintext.error();
      return opened;
    }
    auto message = read(*plaintext);
    if (!message) {
      opened.ending = Opened::Ending::kNoMessage;
      return opened;
    }
    take_sender_key(*message, sender, opened);
    opened.messages.push_back(*std::move(message));
  }
  if (duplicates && opened.messages.empty()) opened.ending = Opened::Ending::kDuplicate;
  return opened;
}

MessageOpener::Plaintext MessageOpener::decrypt(const EncryptedPayload& payload, SenderState& sender,
                                                Opened& opened, Changes& changes) {
  if (payload.kind != EncryptedPayload::Kind::kSenderKeyMessage)
    return decrypt_pairwise(payload, sender, opened, changes);
  auto plaintext = signal::group_decrypt(sender.sender_keys, payload.bytes);
  if (plaintext) opened.sender_keys_changed = true;
  return plaintext;
}

MessageOpener::Plaintext MessageOpener::decrypt_pairwise(const EncryptedPayload& payload, SenderState& sender,
                                                         Opened& opened, Changes& changes) {
  PeerState& peer = sessions_.peer(sender.address);
  const bool first = payload.kind == EncryptedPayload::Kind::kPreKeyMessage;
  if (!first && peer.stored == PeerState::Stored::kUnreadable)
    return std::unexpected(DecryptError::kInvalidSession);

  std::optional<crypto::PublicKey> identity;
  if (peer.identity) identity = peer.identity->key;
  const signal::ReceiveContext context{local_, sender.pre_keys, identity,
                                       source_.is_own() ? signal::Peer::kOwnAccount : signal::Peer::kOther,
                                       random_};
  const auto kind = first ? signal::MessageKind::kPreKeyMessage : signal::MessageKind::kMessage;
  auto decrypted = signal::decrypt(peer.session, kind, payload.bytes, context);
  if (!decrypted) return std::unexpected(decrypted.error());

  peer.stored = PeerState::Stored::kReadable;
  sessions_.store_session(sender.address, changes);
  if (decrypted->identity_news != signal::IdentityNews::kNone)
    sessions_.store_identity(sender.address, decrypted->identity, now_, changes);
  if (decrypted->identity_news == signal::IdentityNews::kChanged) opened.identity_changed = true;
  if (decrypted->used_pre_key_id) changes.pre_keys_used.push_back(*decrypted->used_pre_key_id);
  return std::move(decrypted->plaintext);
}

void MessageOpener::take_sender_key(const ReadMessage& read, SenderState& sender, Opened& opened) {
  if (!read.sender_key || source_.route != MessageSource::Route::kShared) return;
  // A key for another chat than the one it came in would let a member speak elsewhere.
  if (!read.sender_key->group.empty() && read.sender_key->group != source_.sender_key_chat) return;
  if (signal::process_distribution(sender.sender_keys, read.sender_key->distribution))
    opened.sender_keys_changed = true;
}

}  // namespace whatsapp
