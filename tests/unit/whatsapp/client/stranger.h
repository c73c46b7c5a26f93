// Somebody with a session of his own to one party, who says anything, as any message.
#pragma once

#include <doctest/doctest.h>

#include "proto/message.pb.h"
#include "unit/whatsapp/client/desk_bench.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/session_cipher.h"

namespace whatsapp::test {

inline Node message_from(const Jid& from, const char* id) {
  return Node("message").with("id", id).with("from", from).with("t", "1760000000").with("type", "text");
}

/// A stranger with a session of his own to one party: says anything, as any message.
class Stranger {
 public:
  Stranger(Party& target, Jid from, std::uint64_t seed) : random_(seed), from_(std::move(from)) {
    identity_.keys = crypto::generate_key_pair(random_);
    identity_.registration_id = 77;
    signal::PreKeyBundle bundle;
    const auto& theirs = target.credentials;
    bundle.registration_id = theirs.registration_id;
    bundle.identity = theirs.identity.public_key;
    bundle.signed_pre_key_id = theirs.signed_pre_key.id;
    bundle.signed_pre_key = theirs.signed_pre_key.keys.public_key;
    bundle.signed_pre_key_signature = theirs.signed_pre_key.signature;
    REQUIRE(signal::start_session(session_, bundle, identity_, random_));
  }
  Node enc_of(base::ByteView plaintext) {
    const auto message = signal::encrypt(session_, plaintext);
    REQUIRE(message);
    return Node("enc")
        .with("v", "2")
        .with("type", signal::to_string(message->kind))
        .bytes(base::ByteView{message->bytes});
  }
  Node enc_of(const proto::Message& message) {
    const std::string bytes = message.SerializeAsString();
    return enc_of(message::pad(base::as_bytes(bytes), random_));
  }
  Node says(const char* id, const proto::Message& message) {
    return message_from(from_, id).add(enc_of(message));
  }

  base::SeededRandom random_;
  Jid from_;
  signal::LocalIdentity identity_;
  signal::SessionRecord session_;
};

/// As messages between our own devices go.
inline Node as_peer(Node stanza) {
  stanza.set("category", "peer");
  return stanza;
}

}  // namespace whatsapp::test
