// A companion that can read what its phone tells it: the Companion of recorder.h with pre-keys and sessions.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "proto/message.pb.h"
#include "recorder.h"
#include "simulator/person.h"
#include "simulator/phone/phone_desk.h"
#include "simulator/pre_key_desk.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/signal/session_cipher.h"
#include "whatsapp/signal/session_record.h"

namespace simulator {

class SignalCompanion : public Companion {
 public:
  explicit SignalCompanion(Desk& desk, std::uint64_t seed = 99)
      : Companion(desk, seed), desk_(desk), random_(seed + 1000) {}

  /// Linked, logged in, keys uploaded, and what the phone sends at once has come.
  void join(SimulatedPhone& phone) {
    link(phone);
    Node list("list");
    for (std::uint32_t id = 1; id <= 20; ++id) {
      auto key = whatsapp::signal::generate_pre_key(id, random_);
      list.add_child(one_time_key_node(id, key.keys.public_key));
      pre_keys_.emplace(id, std::move(key));
    }
    say(Node("iq")
            .with("id", "upload")
            .with("to", Jid::service())
            .with("type", "set")
            .with("xmlns", "encrypt")
            .add(Node("registration").bytes(base::ByteView{base::big_endian<4>(7)}))
            .add(Node("type").bytes(base::Bytes{0x05}))
            .add(Node("identity").bytes(base::ByteView{identity.public_key}))
            .add(std::move(list))
            .add(signed_key_node(signed_key.id, signed_key.keys.public_key, signed_key.signature)));
    desk_.settle();
  }

  /// Every peer message that has come since the last call, decrypted, by its id.
  std::vector<std::pair<std::string, whatsapp::proto::Message>> read_all() {
    std::vector<std::pair<std::string, whatsapp::proto::Message>> messages;
    for (; read_ < wire().stanzas.size(); ++read_) {
      const Node stanza = wire().stanzas[read_];
      if (stanza.tag() != "message" || !stanza.attr_is("category", "peer")) continue;
      messages.emplace_back(*stanza.attr("id"), open(*stanza.child("enc")));
    }
    return messages;
  }
  /// The only peer message that has come.
  whatsapp::proto::ProtocolMessage read_one() {
    auto messages = read_all();
    REQUIRE(messages.size() == 1);
    last_id = messages.front().first;
    return messages.front().second.protocol_message();
  }

  /// What a client would encrypt for its phone, given to the phone as it would decrypt it.
  void ask(SimulatedPhone& phone, const std::string& id, whatsapp::proto::ProtocolMessage request) {
    whatsapp::proto::Message message;
    *message.mutable_protocol_message() = std::move(request);
    phone.desk().on_peer_message(id, *desk_.core().directory().device(jid),
                                 base::as_bytes(message.SerializeAsString()));
    desk_.settle();
    desk_.pass(base::Duration{1});
  }

  std::string last_id;

 private:
  whatsapp::proto::Message open(const Node& enc) {
    const auto kind = enc.attr_is("type", "pkmsg") ? whatsapp::signal::MessageKind::kPreKeyMessage
                                                   : whatsapp::signal::MessageKind::kMessage;
    whatsapp::signal::LoadedPreKeys loaded;
    loaded.signed_pre_key = signed_key;
    if (kind == whatsapp::signal::MessageKind::kPreKeyMessage) {
      const auto named = whatsapp::signal::peek_pre_keys(enc.bytes());
      REQUIRE(named);
      if (const auto key = pre_keys_.find(named->pre_key_id.value_or(0)); key != pre_keys_.end())
        loaded.pre_key = key->second;
    }
    const whatsapp::signal::LocalIdentity local{identity, 7};
    const whatsapp::signal::ReceiveContext context{.local = local,
                                                   .pre_keys = loaded,
                                                   .stored_identity = phone_identity_,
                                                   .peer = whatsapp::signal::Peer::kOwnAccount,
                                                   .random = random_};
    auto opened = whatsapp::signal::decrypt(sessions_, kind, enc.bytes(), context);
    REQUIRE(opened);
    phone_identity_ = opened->identity;
    const auto plain = whatsapp::message::unpad(opened->plaintext);
    REQUIRE(plain);
    whatsapp::proto::Message message;
    REQUIRE(message.ParseFromArray(plain->data(), static_cast<int>(plain->size())));
    return message;
  }

  Desk& desk_;
  base::SeededRandom random_;
  std::map<std::uint32_t, whatsapp::signal::PreKey> pre_keys_;
  whatsapp::signal::SessionRecord sessions_;
  std::optional<crypto::PublicKey> phone_identity_;
  std::size_t read_ = 0;
};

}  // namespace simulator
