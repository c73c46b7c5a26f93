// A world on a loop whose time is played, and a wire that keeps what the server wrote to it.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/hash.h"
#include "proto/client_payload.pb.h"
#include "proto/pairing.pb.h"
#include "runtime/event_loop.h"
#include "simulator/world.h"
#include "whatsapp/pairing/pair_success.h"
#include "whatsapp/pairing/qr_text.h"
#include "whatsapp/signal/keys.h"

namespace simulator {

struct Desk {
  explicit Desk(Settings settings = {}) : loop(clock), world(loop, settings) {
    clock.on_advance([] {});
  }
  void settle() { loop.run_until_idle(); }
  void pass(base::Duration time) {
    clock.advance(time);
    settle();
  }
  ServerCore& core() { return world.server(); }
  SimulatedPhone& phone(PersonOptions options = {}) { return **world.create_phone(options); }
  SimulatedContact& contact(ContactOptions options = {}) { return **world.create_contact(options); }

  base::ManualClock clock;
  runtime::EventLoop loop;
  World world;
};

class Recorder final : public Wire {
 public:
  void send(const Node& stanza) override { stanzas.push_back(stanza); }
  void close() override { closed = true; }

  /// The first stanza with that tag, or null.
  [[nodiscard]] const Node* first(std::string_view tag) const {
    const auto found = std::ranges::find(stanzas, tag, &Node::tag);
    return found == stanzas.end() ? nullptr : &*found;
  }
  [[nodiscard]] const Node* last(std::string_view tag) const {
    const Node* found = nullptr;
    for (const Node& stanza : stanzas) {
      if (stanza.tag() == tag) found = &stanza;
    }
    return found;
  }
  [[nodiscard]] std::size_t count(std::string_view tag) const {
    return static_cast<std::size_t>(std::ranges::count(stanzas, tag, &Node::tag));
  }
  /// The answer to the iq with that id, or null.
  [[nodiscard]] const Node* answer(std::string_view id) const {
    const auto found = std::ranges::find_if(
        stanzas, [&](const Node& stanza) { return stanza.tag() == "iq" && stanza.attr_is("id", id); });
    return found == stanzas.end() ? nullptr : &*found;
  }

  std::vector<Node> stanzas;
  bool closed = false;
};

/// A companion without encryption of its own: registers, is linked, logs in, sends what a test tells it to.
class Companion {
 public:
  explicit Companion(Desk& desk, std::uint64_t seed = 99) : desk_(desk), random_(seed) {
    noise = crypto::generate_key_pair(random_);
    identity = crypto::generate_key_pair(random_);
    signed_key = whatsapp::signal::generate_signed_pre_key(1, identity, 0, random_);
    adv_secret = whatsapp::pairing::AdvSecret{random_.bytes<32>()};
  }

  [[nodiscard]] std::string registration_payload() const {
    whatsapp::proto::ClientPayload payload;
    payload.set_passive(false);
    auto* version = payload.mutable_user_agent()->mutable_app_version();
    version->set_primary(2);
    version->set_secondary(3000);
    version->set_tertiary(1);
    auto* data = payload.mutable_device_pairing_data();
    const auto bytes = [](base::ByteView view) { return base::to_string(view); };
    data->set_e_regid(bytes(base::big_endian<4>(7)));
    data->set_e_keytype("\x05");
    data->set_e_ident(bytes(identity.public_key));
    data->set_e_skey_id(bytes(base::big_endian<3>(1)));
    data->set_e_skey_val(bytes(signed_key.keys.public_key));
    data->set_e_skey_sig(bytes(signed_key.signature));
    data->set_build_hash(bytes(crypto::md5(base::as_bytes("2.3000.1"))));
    data->set_device_props(whatsapp::proto::DeviceProps{}.SerializeAsString());
    return payload.SerializeAsString();
  }

  enum class Mode { kPassive, kActive };
  [[nodiscard]] static std::string login_payload(const Jid& jid, Mode mode) {
    whatsapp::proto::ClientPayload payload;
    payload.set_username(*jid.numeric_user());
    payload.set_device(jid.device());
    payload.set_passive(mode == Mode::kPassive);
    return payload.SerializeAsString();
  }

  void open_registration() { connect(registration_payload()); }
  void log_in(Mode mode = Mode::kActive) { connect(login_payload(jid, mode)); }
  void connect(const std::string& payload) {
    wires.push_back(std::make_unique<Recorder>());
    session = desk_.core().connect(wire(), noise.public_key, base::as_bytes(payload));
  }

  /// The QR of the ref at `position`.
  [[nodiscard]] std::string qr(std::size_t position = 0) const {
    whatsapp::pairing::QrContent content;
    content.ref = wire().first("iq")->child("pair-device")->children("ref").at(position)->text();
    content.noise = noise.public_key;
    content.identity = identity.public_key;
    content.adv_secret = adv_secret;
    return whatsapp::pairing::qr_text(content);
  }

  /// Answers the last `pair-success`; false if it is not acceptable.
  bool sign() {
    const Node& request = *wire().last("iq");
    const Node* success = request.child("pair-success");
    auto linked = whatsapp::pairing::accept_pair_success(*success->child_bytes("device-identity"), adv_secret,
                                                         identity, std::nullopt, random_);
    if (!linked) return false;
    jid = success->child("device")->jid("jid").value_or(Jid{});
    say(Node("iq")
            .with("to", Jid::service())
            .with("type", "result")
            .with("id", request.attr("id"))
            .add(Node("pair-device-sign")
                     .add(Node("device-identity")
                              .with("key-index", linked->details.key_index)
                              .bytes(base::ByteView{linked->reply}))));
    return true;
  }

  /// All of it: linked to `phone` and logged in.
  void link(SimulatedPhone& phone) {
    open_registration();
    (void)phone.scan(qr());
    sign();
    desk_.settle();
    log_in();
    desk_.settle();
  }

  void say(const Node& stanza) { desk_.core().receive(session, stanza); }
  /// A direct message with one made-up ciphertext per device named.
  void say_message(std::string_view id, const Jid& to, const std::vector<Jid>& devices) {
    Node participants("participants");
    for (const Jid& device : devices) {
      participants.add_child(
          Node("to")
              .with("jid", device)
              .add(Node("enc").with("v", "2").with("type", "msg").text("cipher for " + device.to_string())));
    }
    say(Node("message").with("id", id).with("to", to).with("type", "text").add(std::move(participants)));
  }

  [[nodiscard]] Recorder& wire() const { return *wires.back(); }

  crypto::KeyPair noise;
  crypto::KeyPair identity;
  whatsapp::signal::SignedPreKey signed_key;
  whatsapp::pairing::AdvSecret adv_secret;
  Jid jid;
  SessionId session = 0;
  std::vector<std::unique_ptr<Recorder>> wires;  // one per connection

 private:
  Desk& desk_;
  base::SeededRandom random_;
};

}  // namespace simulator
