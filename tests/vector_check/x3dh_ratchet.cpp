// x3dh_ratchet.json: conversations of two parties with every drawn key. Each step is a case; ciphertexts
// must come out byte for byte.
//
// Where the files call a result implementation-defined, ours counts: a jump of 2000 messages is refused, a
// skipped key beyond 2000 is forgotten, an archived state that decrypts becomes current. The files come
// from a library without the last rule; encrypt steps therefore use the state that it would have used, and
// the state that we would use is checked by letting the other side read it.
#include "base/encoding.h"
#include "vector_check/json_fields.h"
#include "vector_check/ratchet_party.h"
#include "vector_check/replay_random.h"
#include "vector_check/runners.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/session_cipher.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;
using namespace whatsapp::signal;

std::optional<SessionState> state_named(const SessionRecord& record, const crypto::PublicKey& base_key) {
  if (record.current() && record.current()->base_key == base_key) return *record.current();
  for (std::size_t i = 0; i < record.archived_count(); ++i)
    if (auto state = record.archived(i); state && state->base_key == base_key) return state;
  return std::nullopt;
}

class Conversation {
 public:
  explicit Conversation(const json& file) : file_(file) {
    for (const auto& [name, value] : file.items())
      if (value.is_object() && value.contains("identity_priv")) parties_.emplace(name, RatchetParty{value});
  }

  void step(const json& step, Case& check) {
    const auto op = text(step, "op");
    if (op == "note") return;
    RatchetParty& party = parties_.at(text(step, "party"));
    if (op == "process_bundle") return process_bundle(step, party, check);
    if (op == "encrypt") return encrypt_step(step, party, check);
    if (op == "decrypt") return decrypt_step(step, party, check);
    if (op == "delete_session") return forget(party);
    if (op == "remove_prekey") return move_key(party.pre_keys, party.removed_pre_keys, step);
    if (op == "restore_prekey") return move_key(party.removed_pre_keys, party.pre_keys, step);
    check.expect(false, "unknown step " + op);
  }

  void check_final_record(const std::string& name, const json& record, Case& check) const;

 private:
  static void forget(RatchetParty& party) {
    party.record = {};
    party.open_state.reset();
  }

  static void move_key(std::map<std::uint32_t, PreKey>& from, std::map<std::uint32_t, PreKey>& to,
                       const json& step) {
    to.insert(from.extract(step.at("id").get<std::uint32_t>()));
  }

  [[nodiscard]] const json& message_of(const json& step) const {
    for (const json& message : file_.at("messages"))
      if (message.at("id") == step.at("message")) return message;
    throw std::runtime_error("no such message");
  }

  RatchetParty& other_than(const RatchetParty& party) {
    for (auto& [name, other] : parties_)
      if (&other != &party) return other;
    throw std::runtime_error("a conversation of one");
  }

  static ReplayRandom draws_of(const json& step) {
    ReplayRandom random;
    if (present(step, "generated_keys"))
      for (const json& key : step.at("generated_keys")) random.give(hex_bytes(key, "priv"));
    return random;
  }

  static ReceiveContext context_of(const RatchetParty& party, base::Random& random) {
    return {.local = party.local,
            .pre_keys = party,
            .stored_identity = party.remote_identity,
            .peer = Peer::kOther,
            .random = random};
  }

  /// What is stored is what is read again.
  static void store(RatchetParty& party, Case& check) {
    const Bytes stored = party.record.serialize();
    auto parsed = SessionRecord::parse(stored);
    check.expect_success(parsed, "stored record");
    if (!parsed) return;
    check.expect_equal(parsed->serialize(), stored, "record read and stored again");
    party.record = *std::move(parsed);
  }

  void process_bundle(const json& step, RatchetParty& party, Case& check) {
    const json& fields = step.at("bundle");
    PreKeyBundle bundle;
    bundle.registration_id = fields.at("registration_id").get<std::uint32_t>();
    bundle.identity = fixed_hex<32>(fields, "identity_pub");
    bundle.signed_pre_key_id = fields.at("signed_prekey_id").get<std::uint32_t>();
    bundle.signed_pre_key = fixed_hex<32>(fields, "signed_prekey_pub");
    bundle.signed_pre_key_signature = fixed_hex<64>(fields, "signed_prekey_signature");
    if (present(fields, "prekey_id"))
      bundle.pre_key = {fields.at("prekey_id").get<std::uint32_t>(), fixed_hex<32>(fields, "prekey_pub")};

    ReplayRandom random = draws_of(step);
    const auto started = start_session(party.record, bundle, party.local, random);
    check.expect(started.has_value() != step.contains("error"), "processing the bundle");
    if (!started) return;
    check.expect(random.used_up(), "fewer keys drawn");
    party.remote_identity = bundle.identity;
    party.open_state = party.record.base_key();
    store(party, check);
  }

  void encrypt_step(const json& step, RatchetParty& party, Case& check) {
    const json& message = message_of(step);
    const Bytes plaintext = hex_bytes(message, "plaintext");
    if (party.record.base_key() == party.open_state) {
      expect_ciphertext(encrypt(party.record, plaintext), message, check);
    } else {
      check_own_choice(party, plaintext, check);
      encrypt_in_open_state(party, message, plaintext, check);
    }
    store(party, check);
  }

  static void expect_ciphertext(const base::Result<CiphertextMessage>& made, const json& message,
                                Case& check) {
    check.expect_success(made, "encrypting");
    if (!made) return;
    check.expect_equal(to_string(made->kind), text(message, "type"), "type");
    check.expect_equal(made->bytes, hex_bytes(message, "ciphertext"), "ciphertext");
  }

  /// We would use another state: the other side must understand that, too.
  void check_own_choice(const RatchetParty& party, const Bytes& plaintext, Case& check) {
    SessionRecord ours = party.record;
    const auto made = encrypt(ours, plaintext);
    check.expect_success(made, "encrypting in the promoted state");
    if (!made) return;
    const RatchetParty& other = other_than(party);
    SessionRecord theirs = other.record;
    base::SeededRandom random{7};
    const auto read = decrypt(theirs, made->kind, made->bytes, context_of(other, random));
    check.expect(read && read->plaintext == plaintext, "the other side reads the promoted state");
  }

  static void encrypt_in_open_state(RatchetParty& party, const json& message, const Bytes& plaintext,
                                    Case& check) {
    for (std::size_t i = 0; i < party.record.archived_count(); ++i) {
      const auto state = party.record.archived(i);
      if (!state || state->base_key != party.open_state) continue;
      SessionRecord alone{state, {}};
      expect_ciphertext(encrypt(alone, plaintext), message, check);
      return party.record.replace_archived(i, *alone.current());
    }
    check.expect(false, "the state that the vector sends with is gone");
  }

  void decrypt_step(const json& step, RatchetParty& party, Case& check) {
    const json& message = message_of(step);
    const Bytes wire = hex_bytes(present(step, "ciphertext") ? step : message, "ciphertext");
    const auto type = text(present(step, "type") ? step : message, "type");
    const auto kind = type == "pkmsg" ? MessageKind::kPreKeyMessage : MessageKind::kMessage;
    const SessionRecord earlier = party.record;
    ReplayRandom random = draws_of(step);
    const auto read = decrypt(party.record, kind, wire, context_of(party, random));
    if (!read) {
      check.expect(present(step, "error") || present(step, "implementation_defined"),
                   "decrypting: " + std::string{to_string(read.error())});
      return check.expect_equal(party.record.serialize(), earlier.serialize(), "record after a failure");
    }
    check.expect(!present(step, "error"), "was accepted");
    check.expect_equal(read->plaintext, hex_bytes(message, "plaintext"), "plaintext");
    check.expect(random.used_up(), "fewer keys drawn");
    check_used_pre_key(step, *read, party, check);
    if (read->identity_news != IdentityNews::kNone) party.remote_identity = read->identity;
    if (!state_named(earlier, *party.record.base_key())) party.open_state = party.record.base_key();
    store(party, check);
  }

  static void check_used_pre_key(const json& step, const Decrypted& read, RatchetParty& party, Case& check) {
    json used = json::array();
    if (read.used_pre_key_id) used.push_back(*read.used_pre_key_id);
    const json expected = present(step, "removed_prekeys") ? step.at("removed_prekeys") : json::array();
    check.expect_equal(used.dump(), expected.dump(), "used pre-keys");
    if (read.used_pre_key_id) party.pre_keys.erase(*read.used_pre_key_id);
  }

  const json& file_;
  std::map<std::string, RatchetParty> parties_;
};

Bytes base64_bytes(const json& value) {
  auto bytes = base::from_base64(value.get<std::string>());
  if (!bytes) throw std::runtime_error("not base64");
  return *std::move(bytes);
}

/// libsignal-node counts the last used message, we the next.
void check_receiver(const ReceiverChain& ours, const json& theirs, Case& check) {
  const json& key = theirs.at("chainKey");
  check.expect(static_cast<std::int64_t>(ours.index) == key.at("counter").get<std::int64_t>() + 1,
               "chain index");
  if (key.contains("key")) check.expect_equal(ours.key->view(), base64_bytes(key.at("key")), "chain key");
  for (const auto& [index, seed] : theirs.at("messageKeys").items()) {
    const auto* kept = ours.skipped.find(static_cast<std::uint32_t>(std::stoul(index)));
    check.expect(kept != nullptr && base::to_bytes(kept->view()) == base64_bytes(seed),
                 "skipped key " + index);
  }
}

void check_state(const SessionState& ours, const json& theirs, Case& check) {
  const json& ratchet = theirs.at("currentRatchet");
  check.expect_equal(ours.root_key.view(), base64_bytes(ratchet.at("rootKey")), "root key");
  check.expect_equal(to_wire_key(ours.remote_identity),
                     base64_bytes(theirs.at("indexInfo").at("remoteIdentityKey")), "remote identity");
  check.expect_equal(to_wire_key(ours.sender->ratchet.public_key),
                     base64_bytes(ratchet.at("ephemeralKeyPair").at("pubKey")), "own ratchet key");
  const json& last = ratchet.at("lastRemoteEphemeralKey");
  const auto chain = theirs.at("_chains").find(last.get<std::string>());
  if (chain == theirs.at("_chains").end()) return;
  for (const ReceiverChain& receiver : ours.receivers)
    if (base::to_bytes(to_wire_key(receiver.ratchet)) == base64_bytes(last))
      return check_receiver(receiver, *chain, check);
  check.expect(false, "no chain for the last ratchet key");
}

void Conversation::check_final_record(const std::string& name, const json& record, Case& check) const {
  for (const auto& [base_key, theirs] : record.at("_sessions").items()) {
    const auto name_of_state = parse_wire_key(base64_bytes(base_key)).value();
    const auto ours = state_named(parties_.at(name).record, name_of_state);
    check.expect(ours.has_value(), "state " + base_key + " is gone");
    if (ours) check_state(*ours, theirs, check);
  }
}

void run_conversation(const json& file, const std::string& name, Report& report) {
  Conversation conversation{file};
  for_each_case(file, "steps", [&](const std::string& step_name, const json& step) {
    report.run(name + " " + step_name, [&](Case& check) { conversation.step(step, check); });
  });
  if (!present(file, "final_records")) return;
  for (const auto& [party, record] : file.at("final_records").items())
    report.run(name + " final record of " + party,
               [&](Case& check) { conversation.check_final_record(party, record, check); });
}

}  // namespace

Outcome run_x3dh_ratchet(const json& file) {
  Report report;
  for_each_case(file, "conversations", [&](const std::string& name, const json& conversation) {
    run_conversation(conversation, name, report);
  });
  return report.take();
}

}  // namespace vector_check
