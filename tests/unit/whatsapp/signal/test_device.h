// A device with keys and sessions in memory, to talk to another one in tests.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "whatsapp/signal/session_builder.h"
#include "whatsapp/signal/session_cipher.h"

namespace whatsapp::signal {

inline std::ostream& operator<<(std::ostream& out, DecryptError error) { return out << to_string(error); }

using Read = std::expected<Decrypted, DecryptError>;

class TestDevice final : public PreKeySource {
 public:
  explicit TestDevice(std::uint64_t seed)
      : random(seed), local{crypto::generate_key_pair(random), generate_registration_id(random)} {
    signed_pre_key = generate_signed_pre_key(1, local.keys, 1'760'000'000, random);
    for (std::uint32_t id = 1; id <= 3; ++id) add_pre_key(id);
  }

  void add_pre_key(std::uint32_t id) { pre_keys[id] = generate_pre_key(id, random); }

  /// With the lowest one-time key that is left, which is not handed out again.
  [[nodiscard]] PreKeyBundle bundle() {
    PreKeyBundle out = bundle_without_one_time_key();
    if (const auto next = pre_keys.upper_bound(handed_out); next != pre_keys.end()) {
      out.pre_key = {next->first, next->second.keys.public_key};
      handed_out = next->first;
    }
    return out;
  }

  [[nodiscard]] PreKeyBundle bundle_without_one_time_key() const {
    return {local.registration_id,          local.keys.public_key,    signed_pre_key.id,
            signed_pre_key.keys.public_key, signed_pre_key.signature, std::nullopt};
  }

  void start(const PreKeyBundle& theirs) {
    REQUIRE(start_session(record, theirs, local, random).has_value());
    stored_identity = theirs.identity;
  }

  CiphertextMessage send(std::string_view text) {
    auto made = encrypt(record, base::as_bytes(text));
    REQUIRE(made.has_value());
    reload();
    return *std::move(made);
  }

  /// Like the client: on success everything that the message changed is stored.
  Read receive(const CiphertextMessage& message, Peer peer = Peer::kOther) {
    const base::Bytes before = record.serialize();
    Read read = decrypt(record, message.kind, message.bytes, context(peer));
    if (!read) {
      CHECK(record.serialize() == before);
      return read;
    }
    if (read->used_pre_key_id) pre_keys.erase(*read->used_pre_key_id);
    if (read->identity_news != IdentityNews::kNone) stored_identity = read->identity;
    reload();
    return read;
  }

  /// The text, or why not.
  std::string receive_text(const CiphertextMessage& message) {
    const Read read = receive(message);
    return read ? base::to_string(read->plaintext) : "!" + std::string{to_string(read.error())};
  }

  ReceiveContext context(Peer peer = Peer::kOther) {
    return {.local = local,
            .pre_keys = *this,
            .stored_identity = stored_identity,
            .peer = peer,
            .random = random};
  }

  [[nodiscard]] std::optional<PreKey> find_pre_key(std::uint32_t id) const override {
    const auto found = pre_keys.find(id);
    return found == pre_keys.end() ? std::nullopt : std::optional{found->second};
  }
  [[nodiscard]] std::optional<SignedPreKey> find_signed_pre_key(std::uint32_t id) const override {
    return id == signed_pre_key.id ? std::optional{signed_pre_key} : std::nullopt;
  }

  base::SeededRandom random;
  LocalIdentity local;
  SignedPreKey signed_pre_key;
  std::map<std::uint32_t, PreKey> pre_keys;
  std::uint32_t handed_out = 0;
  SessionRecord record;
  std::optional<crypto::PublicKey> stored_identity;

 private:
  /// What comes back from a store is what was put there.
  void reload() {
    const base::Bytes stored = record.serialize();
    auto parsed = SessionRecord::parse(stored);
    REQUIRE(parsed.has_value());
    record = *std::move(parsed);
    REQUIRE(record.serialize() == stored);
  }
};

}  // namespace whatsapp::signal
