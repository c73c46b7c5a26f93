// peers.json with baileys_auth/ beside it: a real Baileys folder, and what its contacts sent after it was
// closed. Once imported, everything must decrypt, in order; and what the imported account sends, the contacts
// read with the keys they had.
#include <filesystem>

#include "importers/account_import.h"
#include "importers/baileys_folder.h"
#include "vector_check/json_fields.h"
#include "vector_check/runners.h"
#include "whatsapp/signal/group_cipher.h"
#include "whatsapp/signal/session_cipher.h"
#include "whatsapp/store/memory_device_store.h"

namespace vector_check {
namespace {

using base::Bytes;
using nlohmann::json;
using whatsapp::binary::Jid;
using namespace whatsapp::signal;

constexpr std::int64_t kNow = 1'795'300'000;  // shortly after the folder was written

class ImportedAccount {
 public:
  ImportedAccount(const json& file, Case& check) {
    const auto folder = std::filesystem::path{text(file, "directory")} / "baileys_auth";
    auto source = importers::BaileysFolder::open(folder.string(), kNow, 0);
    check.expect_success(source, "opening the folder");
    if (!source) return;
    const importers::ImportSettings settings{importers::DamagedRecords::kRefuse, kNow};
    const importers::ChangesSink sink = [this](whatsapp::store::Changes&& changes) {
      return store_.commit(changes);
    };
    const auto report = importers::import_account(*source, settings, sink);
    check.expect_success(report, "importing the folder");
    const auto credentials = store_.credentials();
    check.expect(credentials && credentials->has_value(), "there are credentials");
    if (report && credentials && *credentials) credentials_ = **credentials;
  }

  [[nodiscard]] const whatsapp::store::DeviceCredentials& credentials() const { return *credentials_; }
  [[nodiscard]] bool is_there() const { return credentials_.has_value(); }
  whatsapp::store::DeviceStore& store() { return store_; }

  /// Where the keys of a sender are: under the LID once it is known.
  Address address_of(const std::string& jid_text) {
    const Jid jid = Jid::parse(jid_text).value();
    if (jid.is_lid()) return {std::string{jid.user()}, Domain::kLid, jid.device()};
    const auto lid = store_.lid_of(std::string{jid.user()}).value();
    if (lid) return {*lid, Domain::kLid, jid.device()};
    return {std::string{jid.user()}, Domain::kPn, jid.device()};
  }

  void read_direct(const json& message, Case& check) {
    const Address address = address_of(text(message, "from"));
    const Bytes wire = hex_bytes(message, "ciphertext");
    const bool first = text(message, "type") == "pkmsg";
    const auto stored = store_.session(address).value();
    check.expect(first || stored.has_value(), "there is a session");
    SessionRecord record = stored ? SessionRecord::parse(*stored).value() : SessionRecord{};
    LoadedPreKeys keys;
    if (first) {
      const auto named = peek_pre_keys(wire).value();
      if (named.pre_key_id)
        if (const auto row = store_.pre_key(*named.pre_key_id).value()) keys.pre_key = row->key;
      keys.signed_pre_key = store_.signed_pre_key(named.signed_pre_key_id).value();
    }
    const LocalIdentity local{credentials_->identity, credentials_->registration_id};
    std::optional<crypto::PublicKey> identity;
    if (const auto row = store_.identity(address).value()) identity = row->key;
    const ReceiveContext context{local, keys, identity, Peer::kOther, random_};
    const auto kind = first ? MessageKind::kPreKeyMessage : MessageKind::kMessage;
    const auto read = decrypt(record, kind, wire, context);
    check.expect(read.has_value(), "decrypting" + (read ? "" : ": " + std::string{to_string(read.error())}));
    if (!read) return;
    check.expect_equal(read->plaintext, hex_bytes(message, "plaintext_padded"), "plaintext");
    if (!first) check.expect(read->identity_news != IdentityNews::kChanged, "the identity is the known one");
    keep(address, record);
  }

  void read_group(const json& message, Case& check) {
    const std::string group = text(message, "from");
    const Address sender = address_of(text(message, "participant"));
    const auto stored = store_.sender_key(group, sender).value();
    check.expect(stored.has_value(), "there is a sender key");
    if (!stored) return;
    auto record = SenderKeyRecord::parse(*stored).value();
    const auto read = group_decrypt(record, hex_bytes(message, "ciphertext"));
    check.expect(read.has_value(), "decrypting" + (read ? "" : ": " + std::string{to_string(read.error())}));
    if (!read) return;
    check.expect_equal(*read, hex_bytes(message, "plaintext_padded"), "plaintext");
    whatsapp::store::Changes changes;
    changes.sender_keys.emplace_back(std::pair{group, sender}, record.serialize());
    check.expect(store_.commit(changes).has_value(), "storing");
  }

  /// What we write to `address`, as bytes of a `msg`.
  Bytes write(const Address& address, const std::string& plaintext, Case& check) {
    auto record = SessionRecord::parse(store_.session(address).value().value()).value();
    auto made = encrypt(record, base::as_bytes(plaintext));
    check.expect_success(made, "encrypting");
    keep(address, record);
    return made ? made->bytes : Bytes{};
  }

 private:
  void keep(const Address& address, const SessionRecord& record) {
    whatsapp::store::Changes changes;
    changes.sessions.emplace_back(address, record.serialize());
    (void)store_.commit(changes);
  }

  whatsapp::store::MemoryDeviceStore store_;
  std::optional<whatsapp::store::DeviceCredentials> credentials_;
  base::SeededRandom random_{5};
};

crypto::PublicKey bare_key(const json& object, std::string_view field) {
  return parse_wire_key(hex_bytes(object, field)).value();
}

/// The contact's own state, as it was when the folder was written.
SessionState state_of(const json& peer) {
  const json& ratchet = peer.at("ratchet_before_undelivered");
  const json& sending = ratchet.at("sending");
  const json& receiving = ratchet.at("receiving");
  SessionState state;
  state.local_identity = fixed_hex<32>(peer.at("identity"), "pub");
  state.remote_identity = bare_key(ratchet, "remote_identity");
  state.root_key = base::Secret<32>{fixed_hex<32>(ratchet, "root_key")};
  state.sender = SenderChain{
      crypto::key_pair_of(fixed_hex<32>(sending, "ratchet_priv")),
      {sending.at("next_index").get<std::uint32_t>(), base::Secret<32>{fixed_hex<32>(sending, "chain_key")}}};
  state.receivers.push_back({bare_key(receiving, "ratchet_pub"),
                             receiving.at("next_index").get<std::uint32_t>(),
                             base::Secret<32>{fixed_hex<32>(receiving, "chain_key")},
                             {}});
  return state;
}

void check_answer(const json& peer, ImportedAccount& account, Case& check) {
  const std::string said = "an answer from the imported account";
  const Bytes wire = account.write(account.address_of(text(peer, "pn")), said, check);
  SessionRecord record{state_of(peer), {}};
  const LocalIdentity local{crypto::key_pair_of(fixed_hex<32>(peer.at("identity"), "priv")),
                            peer.at("registration_id").get<std::uint32_t>()};
  const LoadedPreKeys none;
  base::SeededRandom random{6};
  const ReceiveContext context{local, none, std::nullopt, Peer::kOther, random};
  const auto read = decrypt(record, MessageKind::kMessage, wire, context);
  check.expect(read.has_value(),
               "the contact reads" + (read ? "" : ": " + std::string{to_string(read.error())}));
  if (read) check.expect_equal(read->plaintext, base::as_bytes(said), "what the contact reads");
}

void check_account(const json& file, ImportedAccount& account, Case& check) {
  const json& expected = file.at("account");
  const auto& credentials = account.credentials();
  check.expect_equal(credentials.paired->pn.to_string(), text(expected, "pn"), "own address");
  check.expect_equal(credentials.paired->lid.to_string(), text(expected, "lid"), "own LID");
  check.expect(credentials.registration_id == expected.at("registration_id").get<std::uint32_t>(),
               "registration");
  const json& keys = expected.at("one_time_prekeys_in_folder");
  check.expect(credentials.next_pre_key_id == keys.at("next_pre_key_id").get<std::uint32_t>(),
               "next pre-key");
  check.expect(account.store().confirmed_pre_key_count().value() == keys.at("count").get<std::size_t>(),
               "pre-keys in the folder");
  for (const json& key : file.at("app_state").at("keys"))
    check.expect(account.store().record("app_state_key", text(key, "key_id")).value().has_value(),
                 "app-state key " + text(key, "key_id"));
}

}  // namespace

Outcome run_peers(const json& file) {
  Report report;
  std::optional<ImportedAccount> account;
  report.run("import", [&](Case& check) {
    account.emplace(file, check);
    if (account->is_there()) check_account(file, *account, check);
  });
  if (!account || !account->is_there()) return report.take();
  const auto read = [&](const std::string& name, const json& message) {
    report.run(name, [&](Case& check) {
      if (text(message, "type") == "skmsg") return account->read_group(message, check);
      account->read_direct(message, check);
    });
  };
  for_each_case(file, "peers", [&](const std::string& name, const json& peer) {
    report.run(name + " reads an answer", [&](Case& check) { check_answer(peer, *account, check); });
    for_each_case(peer, "undelivered", [&](const std::string& message_name, const json& message) {
      read(name + " " + message_name, message);
    });
  });
  for_each_case(file.at("stranger"), "undelivered",
                [&](const std::string& name, const json& message) { read("stranger " + name, message); });
  return report.take();
}

}  // namespace vector_check
