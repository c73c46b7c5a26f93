#include "importers/baileys_session.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/encoding.h"
#include "importers/baileys_json.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using namespace whatsapp::signal;

constexpr std::int64_t kMaxCounter = 0xFFFF'FFFE;
constexpr int kSending = 1;
constexpr int kReceiving = 2;
constexpr std::size_t kMaxStates = 200;

/// 33 bytes with the type byte; a bare 32 are taken as well.
Result<crypto::PublicKey> read_key(const Json& value) {
  WA_TRY(const base::Bytes bytes, read_bytes(value));
  if (bytes.size() == 32) return base::to_fixed<32>(bytes);
  const auto key = parse_wire_key(bytes);
  if (!key) return fail(ErrorCode::kMalformed, "a public key has the wrong form");
  return *key;
}

Result<base::Secret<32>> read_secret(const Json& value) {
  WA_TRY(const auto bytes, read_fixed<32>(value, "a key"));
  return base::Secret<32>{bytes};
}

Result<std::uint32_t> read_index(std::string_view digits) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return fail(ErrorCode::kMalformed, "a message key has no number");
  return index;
}

struct Chain {
  crypto::PublicKey ratchet{};
  std::int64_t type = 0;
  std::uint32_t next_index = 0;
  std::optional<base::Secret<32>> key;
  SkippedKeys skipped;
};

Result<SkippedKeys> read_message_keys(const Json& keys, std::uint32_t chain_index) {
  SkippedKeys skipped;
  if (!keys.is_object()) return skipped;
  for (const auto& [digits, seed] : keys.items()) {
    WA_TRY(const std::uint32_t index, read_index(digits));
    if (index >= chain_index) return fail(ErrorCode::kMalformed, "a message key lies beyond its chain");
    WA_TRY(const auto secret, read_secret(seed));
    skipped.add(index, secret);
  }
  return skipped;
}

Result<Chain> read_chain(const std::string& ratchet, const Json& json) {
  Chain chain;
  WA_TRY(chain.ratchet, read_key(ratchet));
  WA_TRY(chain.type, read_integer(member(json, "chainType"), kSending, kReceiving));
  const Json& key = member(json, "chainKey");
  WA_TRY(const std::int64_t last_used, read_integer(member(key, "counter"), -1, kMaxCounter - 1));
  chain.next_index = static_cast<std::uint32_t>(last_used + 1);
  if (!member(key, "key").is_null()) {
    WA_TRY(chain.key, read_secret(member(key, "key")));
  }
  WA_TRY(chain.skipped, read_message_keys(member(json, "messageKeys"), chain.next_index));
  return chain;
}

/// Keeps the newest chains, and in any case the one that the other side uses now.
void keep_newest(std::vector<ReceiverChain>& chains, const crypto::PublicKey& current) {
  while (chains.size() > kMaxReceiverChains) {
    const auto oldest =
        std::ranges::find_if(chains, [&](const auto& chain) { return chain.ratchet != current; });
    if (oldest == chains.end()) return;
    chains.erase(oldest);
  }
}

Result<void> read_chains(const Json& json, const crypto::KeyPair& own_ratchet, SessionState& state) {
  if (!json.is_object()) return fail(ErrorCode::kMalformed, "a state has no chains");
  for (const auto& [name, chain_json] : json.items()) {
    WA_TRY(Chain chain, read_chain(name, chain_json));
    if (chain.type == kReceiving) {
      state.receivers.push_back({chain.ratchet, chain.next_index, chain.key, std::move(chain.skipped)});
    } else if (chain.ratchet == own_ratchet.public_key && chain.key) {
      state.sender = SenderChain{own_ratchet, {chain.next_index, *chain.key}};
    }
  }
  return {};
}

Result<std::optional<PendingPreKey>> read_pending(const Json& json) {
  if (json.is_null()) return std::nullopt;
  PendingPreKey pending;
  WA_TRY(const auto signed_id, read_integer(member(json, "signedKeyId"), 0, kMaxPreKeyId));
  pending.signed_pre_key_id = static_cast<std::uint32_t>(signed_id);
  WA_TRY(pending.base_key, read_key(member(json, "baseKey")));
  if (!member(json, "preKeyId").is_null()) {
    WA_TRY(const auto id, read_integer(member(json, "preKeyId"), 0, kMaxPreKeyId));
    pending.pre_key_id = static_cast<std::uint32_t>(id);
  }
  return pending;
}

/// A state and what decides its place among the others.
struct DatedState {
  SessionState state;
  std::int64_t closed = -1;  // ms, -1: open
  std::int64_t used = 0;

  [[nodiscard]] bool is_open() const { return closed < 0; }
  [[nodiscard]] auto rank() const { return std::tuple(is_open() && state.sender, used, closed); }
};

Result<DatedState> read_state(const std::string& name, const Json& json, std::int64_t old_registration,
                              const LocalIdentity& local) {
  DatedState out;
  SessionState& state = out.state;
  const Json& ratchet = member(json, "currentRatchet");
  const Json& index = member(json, "indexInfo");
  const Json& own = member(ratchet, "ephemeralKeyPair");
  WA_TRY(const auto private_key, read_fixed<32>(member(own, "privKey"), "the ratchet key"));
  WA_TRY(const auto public_key, read_key(member(own, "pubKey")));
  const crypto::KeyPair own_ratchet = crypto::key_pair_of(private_key);
  if (own_ratchet.public_key != public_key)
    return fail(ErrorCode::kCrypto, "a ratchet key pair does not match");
  WA_TRY(state.base_key, read_key(member(index, "baseKey")));
  WA_TRY(const auto named, read_key(Json(name)));
  if (named != state.base_key) return fail(ErrorCode::kMalformed, "a state stands under another one's name");
  WA_TRY(state.remote_identity, read_key(member(index, "remoteIdentityKey")));
  WA_TRY(state.root_key, read_secret(member(ratchet, "rootKey")));
  WA_TRY(const auto remote_ratchet, read_key(member(ratchet, "lastRemoteEphemeralKey")));
  // −1 there means that the chain before was never used.
  const auto previous = read_integer(member(ratchet, "previousCounter"), -1, kMaxCounter);
  state.previous_counter = previous ? static_cast<std::uint32_t>(std::max<std::int64_t>(*previous, 0)) : 0;
  WA_TRY_VOID(read_chains(member(json, "_chains"), own_ratchet, state));
  keep_newest(state.receivers, remote_ratchet);
  WA_TRY(state.pending, read_pending(member(json, "pendingPreKey")));
  const auto registration = read_integer(member(json, "registrationId"), 0, INT32_MAX);
  state.remote_registration_id = static_cast<std::uint32_t>(registration.value_or(old_registration));
  state.local_identity = local.keys.public_key;
  state.local_registration_id = local.registration_id;
  WA_TRY(out.closed, read_integer(member(index, "closed")));
  out.used = read_integer(member(index, "used")).value_or(0);
  return out;
}

/// Some stores wrap the whole object as a byte string.
Result<Json> unwrapped(std::string_view text) {
  WA_TRY(Json json, parse_json(text));
  if (json.is_object() && json.contains("_sessions")) return json;
  const auto inner = read_bytes(json);
  if (!inner || inner->empty()) return fail(ErrorCode::kMalformed, "it is no session");
  return parse_json(base::as_text(*inner));
}

// ---- the way back -----------------------------------------------------------------------------------

std::string b64(base::ByteView bytes) { return base::to_base64(bytes); }
std::string b64_key(const crypto::PublicKey& key) { return b64(to_wire_key(key)); }

Json chain_json(std::uint32_t next_index, const base::Secret<32>* key, int type) {
  Json chain = Json::object();
  chain["chainKey"]["counter"] = static_cast<std::int64_t>(next_index) - 1;
  if (key != nullptr) chain["chainKey"]["key"] = b64(key->view());
  chain["chainType"] = type;
  chain["messageKeys"] = Json::object();
  return chain;
}

Json chains_json(const SessionState& state) {
  Json chains = Json::object();
  for (const ReceiverChain& receiver : state.receivers) {
    Json chain = chain_json(receiver.index, receiver.key ? &*receiver.key : nullptr, kReceiving);
    for (const auto& skipped : receiver.skipped.entries())
      chain["messageKeys"][std::to_string(skipped.index)] = b64(skipped.seed.view());
    chains[b64_key(receiver.ratchet)] = std::move(chain);
  }
  if (state.sender)
    chains[b64_key(state.sender->ratchet.public_key)] =
        chain_json(state.sender->chain.index, &state.sender->chain.key, kSending);
  return chains;
}

/// The key that the other side's next ratchet step is measured against. An initiator that was not answered
/// has none: there it is the signed pre-key of the other side, which nobody looks at before an answer.
crypto::PublicKey last_remote_key(const SessionState& state) {
  return state.receivers.empty() ? state.base_key : state.receivers.back().ratchet;
}

Json state_json(const SessionState& state, std::int64_t closed, std::int64_t used) {
  Json out = Json::object();
  out["registrationId"] = state.remote_registration_id;
  Json& ratchet = out["currentRatchet"];
  ratchet["ephemeralKeyPair"]["pubKey"] = b64_key(state.sender->ratchet.public_key);
  ratchet["ephemeralKeyPair"]["privKey"] = b64(state.sender->ratchet.private_key.view());
  ratchet["lastRemoteEphemeralKey"] = b64_key(last_remote_key(state));
  ratchet["previousCounter"] = state.previous_counter;
  ratchet["rootKey"] = b64(state.root_key.view());
  Json& index = out["indexInfo"];
  index["baseKey"] = b64_key(state.base_key);
  // Who began is known for certain only while nobody has answered. Where it is not, "theirs" is safe: it lets
  // a repeated first message of theirs find its session, and nobody sends us our own base key.
  index["baseKeyType"] = state.pending ? 1 : 2;
  index["closed"] = closed;
  index["used"] = used;
  index["created"] = used;
  index["remoteIdentityKey"] = b64_key(state.remote_identity);
  out["_chains"] = chains_json(state);
  if (state.pending) {
    Json& pending = out["pendingPreKey"];
    pending["signedKeyId"] = state.pending->signed_pre_key_id;
    pending["baseKey"] = b64_key(state.pending->base_key);
    if (state.pending->pre_key_id) pending["preKeyId"] = *state.pending->pre_key_id;
  }
  return out;
}

}  // namespace

std::optional<crypto::PublicKey> BaileysSession::remote_identity() const {
  if (open) return open->remote_identity;
  if (!closed.empty()) return closed.front().remote_identity;
  return std::nullopt;
}

SessionRecord BaileysSession::to_record(const std::optional<crypto::PublicKey>& identity) const {
  if (!open || !identity || open->remote_identity == *identity) return {open, closed};
  std::vector<SessionState> archived{*open};
  archived.insert(archived.end(), closed.begin(), closed.end());
  return {std::nullopt, archived};
}

Result<BaileysSession> read_session(std::string_view text, const LocalIdentity& local) {
  WA_TRY(const Json json, unwrapped(text));
  const Json& sessions = member(json, "_sessions");
  if (!sessions.is_object()) return fail(ErrorCode::kMalformed, "it is no session");
  if (sessions.size() > kMaxStates) return fail(ErrorCode::kLimit, "it has too many states");
  // Before "version" there was one registration id for the whole record.
  const std::int64_t old_registration =
      read_integer(member(json, "registrationId"), 0, INT32_MAX).value_or(0);
  BaileysSession out;
  std::vector<DatedState> states;
  for (const auto& [name, state_json] : sessions.items()) {
    auto state = read_state(name, state_json, old_registration, local);
    if (state) {
      states.push_back(*std::move(state));
    } else {
      ++out.unusable_states;
    }
  }
  std::ranges::stable_sort(states, std::ranges::greater{}, &DatedState::rank);
  for (DatedState& dated : states) {
    if (&dated == &states.front() && dated.is_open() && dated.state.sender) {
      out.open = std::move(dated.state);
    } else {
      out.closed.push_back(std::move(dated.state));
    }
  }
  if (out.closed.size() > kMaxArchivedStates) out.closed.resize(kMaxArchivedStates);
  return out;
}

std::string write_session(const SessionRecord& record, std::int64_t now_ms) {
  Json out = Json::object();
  out["_sessions"] = Json::object();
  const auto put = [&](const SessionState& state, std::int64_t closed, std::int64_t used) {
    if (state.sender) out["_sessions"][b64_key(state.base_key)] = state_json(state, closed, used);
  };
  // Oldest first, as they would have come about.
  for (std::size_t i = record.archived_count(); i > 0; --i) {
    const auto position = static_cast<std::int64_t>(i);
    if (const auto state = record.archived(i - 1)) put(*state, now_ms - position, now_ms - position);
  }
  if (const SessionState* current = record.current()) put(*current, -1, now_ms);
  out["version"] = "v1";
  return write_json(out);
}

}  // namespace importers
