#include "vector_check/ratchet_party.h"

#include "vector_check/json_fields.h"

namespace vector_check {

using namespace whatsapp::signal;
using nlohmann::json;

RatchetParty::RatchetParty(const json& party) {
  local.keys = crypto::key_pair_of(fixed_hex<32>(party, "identity_priv"));
  local.registration_id = party.at("registration_id").get<std::uint32_t>();
  const auto add_signed = [this](const json& key) {
    const auto id = key.at("id").get<std::uint32_t>();
    signed_pre_keys[id] = {id, crypto::key_pair_of(fixed_hex<32>(key, "priv")),
                           fixed_hex<64>(key, "signature"), 0};
  };
  const json& signed_keys = party.at("signed_prekey");
  if (signed_keys.is_array())
    for (const json& key : signed_keys) add_signed(key);
  else
    add_signed(signed_keys);
  if (!present(party, "prekeys")) return;
  for (const json& key : party.at("prekeys")) {
    const auto id = key.at("id").get<std::uint32_t>();
    pre_keys[id] = {id, crypto::key_pair_of(fixed_hex<32>(key, "priv"))};
  }
}

std::optional<PreKey> RatchetParty::find_pre_key(std::uint32_t id) const {
  const auto found = pre_keys.find(id);
  if (found == pre_keys.end()) return std::nullopt;
  return found->second;
}

std::optional<SignedPreKey> RatchetParty::find_signed_pre_key(std::uint32_t id) const {
  const auto found = signed_pre_keys.find(id);
  if (found == signed_pre_keys.end()) return std::nullopt;
  return found->second;
}

}  // namespace vector_check
