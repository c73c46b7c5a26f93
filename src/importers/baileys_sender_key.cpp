#include "importers/baileys_sender_key.h"

#include <nlohmann/json.hpp>

#include "importers/baileys_json.h"
#include "whatsapp/signal/keys.h"

namespace importers {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using namespace whatsapp::signal;

constexpr std::int64_t kMaxId = 0xFFFF'FFFF;
constexpr std::int64_t kMaxIteration = 0xFFFF'FFFE;
constexpr std::size_t kMaxStates = 50;

Result<crypto::PublicKey> read_signing_key(const Json& value) {
  WA_TRY(const base::Bytes bytes, read_bytes(value));
  if (bytes.size() == 32) return base::to_fixed<32>(bytes);  // old files
  const auto key = parse_wire_key(bytes);
  if (!key) return fail(ErrorCode::kMalformed, "a signing key has the wrong form");
  return *key;
}

/// Entries without iteration or seed mean nothing.
SkippedKeys read_skipped(const Json& keys) {
  SkippedKeys skipped;
  if (!keys.is_array()) return skipped;
  for (const Json& entry : keys) {
    const auto iteration = read_integer(member(entry, "iteration"), 0, kMaxIteration);
    const auto seed = read_fixed<32>(member(entry, "seed"), "a seed");
    if (iteration && seed) skipped.add(static_cast<std::uint32_t>(*iteration), base::Secret<32>{*seed});
  }
  return skipped;
}

Result<SenderKeyState> read_state(const Json& json, SenderKeyOwner owner) {
  SenderKeyState state;
  WA_TRY(const auto id, read_integer(member(json, "senderKeyId"), 0, kMaxId));
  state.id = static_cast<std::uint32_t>(id);
  const Json& chain = member(json, "senderChainKey");
  WA_TRY(const auto iteration, read_integer(member(chain, "iteration"), 0, kMaxIteration));
  WA_TRY(const auto seed, read_fixed<32>(member(chain, "seed"), "a chain key"));
  state.chain = {static_cast<std::uint32_t>(iteration), base::Secret<32>{seed}};
  const Json& signing = member(json, "senderSigningKey");
  WA_TRY(state.signing_key, read_signing_key(member(signing, "public")));
  WA_TRY(const auto private_key, read_bytes(member(signing, "private")));
  if (!private_key.empty()) {
    if (private_key.size() != 32) return fail(ErrorCode::kMalformed, "a signing key has the wrong length");
    const crypto::KeyPair keys = crypto::key_pair_of(base::to_fixed<32>(private_key));
    if (keys.public_key != state.signing_key)
      return fail(ErrorCode::kCrypto, "a signing key pair does not match");
    state.signing_private = keys.private_key;
  }
  if (owner == SenderKeyOwner::kOther) state.skipped = read_skipped(member(json, "senderMessageKeys"));
  return state;
}

/// The array of states, out of whichever layout.
Result<Json> states_of(std::string_view text) {
  WA_TRY(Json json, parse_json(text));
  const bool is_list = json.is_array() && (json.empty() || json.front().is_object());
  if (is_list) return json;
  WA_TRY(const base::Bytes inner, read_bytes(json));
  WA_TRY(Json states, parse_json(base::as_text(inner)));
  if (!states.is_array()) return fail(ErrorCode::kMalformed, "it is no list of sender keys");
  return states;
}

}  // namespace

Result<BaileysSenderKeys> read_sender_keys(std::string_view text, SenderKeyOwner owner) {
  WA_TRY(const Json list, states_of(text));
  if (list.size() > kMaxStates) return fail(ErrorCode::kLimit, "it has too many sender keys");
  BaileysSenderKeys out;
  std::vector<SenderKeyState> states;
  for (const Json& json : list) {
    auto state = read_state(json, owner);
    if (!state) {
      ++out.unusable_states;
      continue;
    }
    out.has_private_key = out.has_private_key || state->signing_private.has_value();
    states.insert(states.begin(), *std::move(state));
  }
  out.record = SenderKeyRecord{std::move(states)};
  return out;
}

std::string write_sender_keys(const SenderKeyRecord& record) {
  Json states = Json::array();
  for (auto state = record.states().rbegin(); state != record.states().rend(); ++state) {
    Json json = Json::object();
    json["senderKeyId"] = state->id;
    json["senderChainKey"]["iteration"] = state->chain.index;
    json["senderChainKey"]["seed"] = buffer_of(state->chain.key.view());
    json["senderSigningKey"]["public"] = buffer_of(to_wire_key(state->signing_key));
    json["senderSigningKey"]["private"] =
        buffer_of(state->signing_private ? state->signing_private->view() : base::ByteView{});
    json["senderMessageKeys"] = Json::array();
    for (const auto& skipped : state->skipped.entries()) {
      Json entry = Json::object();
      entry["iteration"] = skipped.index;
      entry["seed"] = buffer_of(skipped.seed.view());
      json["senderMessageKeys"].push_back(std::move(entry));
    }
    states.push_back(std::move(json));
  }
  return write_json(buffer_of(base::as_bytes(write_json(states))));
}

}  // namespace importers
