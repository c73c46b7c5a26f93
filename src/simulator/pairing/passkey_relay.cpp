#include "simulator/pairing/passkey_relay.h"

#include <algorithm>

#include "crypto/aes.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"
#include "crypto/hmac.h"
#include "proto/simulator.pb.h"
#include "whatsapp/pairing/pairing_code.h"

namespace simulator {
namespace {

using Passkey = Registration::Passkey;

template <class Message>
bool parse(Message& out, base::ByteView bytes) {
  return out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

/// The eight characters that both sides show.
std::string check_code(const Passkey& passkey, base::ByteView companion_nonce) {
  const auto hash = crypto::sha256(companion_nonce, passkey.ephemeral.public_key);
  base::FixedBytes<5> bits{};
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = static_cast<std::uint8_t>(passkey.nonce[i] ^ hash[i]);
  return whatsapp::pairing::encode_code(bits);
}

}  // namespace

void PasskeyRelay::demand(Session& session, Account& account, const whatsapp::pairing::AdvSecret& secret) {
  Passkey passkey;
  passkey.account = &account;
  passkey.handoff = crypto::hkdf_sha256<32>(secret.view(), {}, "shortcake-passkey-handoff-v1");
  passkey.ref = base::to_string(state_.random.bytes(8));
  for (char& character : passkey.ref) character = static_cast<char>('A' + (character & 0x0f));
  passkey.options = state_.settings.pairing.passkey_options;
  session.send(Node("notification")
                   .with("from", Jid::service())
                   .with("type", "passkey_prologue_request")
                   .with("id", state_.next_id())
                   .with("t", state_.now())
                   .add(Node("passkey_request_options").text(passkey.options)));
  session.registration()->passkey = std::move(passkey);
  state_.changed();
}

void PasskeyRelay::answer(Session& session, const Node& iq, int error, std::optional<Node> content) {
  Node reply = Node("iq").with("from", Jid::service()).with("id", iq.attr("id"));
  if (error != 0) {
    reply.set("type", std::string{"error"});
    reply.add_child(Node("error").with("code", error));
  } else {
    reply.set("type", std::string{"result"});
    if (content) reply.add_child(*std::move(content));
  }
  session.send(reply);
}

std::optional<PasskeyRelay::Step> PasskeyRelay::on_iq(Session& session, const Node& iq) {
  auto& passkey = session.registration()->passkey;
  if (!passkey) return std::nullopt;
  Step step;
  if (iq.child("passkey_request_options") != nullptr) {
    answer(session, iq, 0, Node("passkey_request_options").text(passkey->options));
  } else if (iq.child("ref") != nullptr) {
    answer(session, iq, 0, Node("ref").text(passkey->ref));
  } else if (const Node* prologue = iq.child("passkey_prologue")) {
    const int error = on_prologue(session, *prologue);
    answer(session, iq, error);
    if (error == 0) send_continuation(session);
  } else if (const Node* nonce = iq.child("companion_nonce")) {
    answer(session, iq, on_nonce(session, nonce->bytes()));
  } else if (const Node* request = iq.child("encrypted_pairing_request")) {
    answer(session, iq, on_request(session, request->bytes(), step));
  } else {
    return std::nullopt;
  }
  state_.changed();
  return step;
}

int PasskeyRelay::on_prologue(Session& session, const Node& prologue) {
  Passkey& passkey = *session.registration()->passkey;
  const auto credential = prologue.child_bytes("credential_id");
  const auto assertion = prologue.child_bytes("webauthn_assertion");
  const auto payload = prologue.child_bytes("prologue_payload");
  if (!credential || credential->empty() || !assertion || assertion->empty() || !payload) return 400;
  proto::ProloguePayload wire;
  proto::CompanionEphemeralIdentity identity;
  if (!parse(wire, *payload) || !identity.ParseFromString(wire.companion_ephemeral_identity()) ||
      identity.public_key().size() != 32 || wire.commitment().hash().size() != 32)
    return 400;
  if (identity.ref() != passkey.ref) return 404;
  if (const auto proof = prologue.child_bytes("pairing_handoff_proof")) {
    const auto expected = crypto::hmac_sha256(passkey.handoff.view(), *payload);
    if (!std::ranges::equal(*proof, expected)) return 401;
    passkey.proof = Passkey::Proof::kShown;
  }
  passkey.companion_identity = base::to_bytes(wire.companion_ephemeral_identity());
  passkey.companion_key = base::to_fixed<32>(base::as_bytes(identity.public_key()));
  passkey.device_type = identity.device_type();
  passkey.commitment = base::to_bytes(wire.commitment().hash());
  passkey.assertion = base::to_string(*assertion);
  passkey.ephemeral = crypto::generate_key_pair(state_.random);
  passkey.nonce = state_.random.bytes<32>();
  return 0;
}

void PasskeyRelay::send_continuation(Session& session) {
  const Passkey& passkey = *session.registration()->passkey;
  proto::PrimaryEphemeralIdentity identity;
  identity.set_public_key(base::to_string(passkey.ephemeral.public_key));
  identity.set_nonce(base::to_string(passkey.nonce));
  session.send(Node("notification")
                   .with("from", Jid::service())
                   .with("type", "crsc_continuation")
                   .with("id", state_.next_id())
                   .with("t", state_.now())
                   .add(Node("primary_ephemeral_identity").text(identity.SerializeAsString())));
}

int PasskeyRelay::on_nonce(Session& session, base::ByteView nonce) {
  Passkey& passkey = *session.registration()->passkey;
  if (passkey.commitment.empty() || nonce.size() != 32) return 400;
  const auto hash = crypto::sha256(passkey.companion_identity, nonce);
  if (!std::ranges::equal(hash, passkey.commitment)) return 401;
  passkey.code = check_code(passkey, nonce);
  return 0;
}

int PasskeyRelay::on_request(Session& session, base::ByteView request, Step& step) {
  const Registration& registration = *session.registration();
  const Passkey& passkey = *registration.passkey;
  proto::EncryptedPairingRequest wire;
  if (passkey.code.empty() || !parse(wire, request) || wire.iv().size() != 12) return 400;
  const auto shared = crypto::agree(passkey.ephemeral.private_key, passkey.companion_key);
  if (!shared) return 400;
  const std::string salt =
      "Companion Pairing " + std::to_string(passkey.device_type) + " with ref " + passkey.ref;
  const auto key =
      crypto::hkdf_sha256<32>(shared->view(), base::as_bytes(salt), "Pairing Information Encryption Key");
  const auto iv = base::to_fixed<12>(base::as_bytes(wire.iv()));
  const auto plain = crypto::aes256_gcm_open(key.bytes(), iv, {}, base::as_bytes(wire.encrypted_payload()));
  proto::PairingRequest opened;
  if (!plain || !parse(opened, *plain) || opened.adv_secret().size() != 32) return 401;
  if (!std::ranges::equal(base::as_bytes(opened.companion_public_key()), session.noise) ||
      !std::ranges::equal(base::as_bytes(opened.companion_identity_key()), registration.identity))
    return 401;
  step.secret = whatsapp::pairing::AdvSecret{base::to_fixed<32>(base::as_bytes(opened.adv_secret()))};
  return 0;
}

}  // namespace simulator
