// One runner per kind of vector file; the kind is the file name without ".json". To add a kind: write
// vector_check/<kind>.cpp, declare it here and list it in registry.cpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "vector_check/report.h"

namespace vector_check {

using Runner = Outcome (*)(const nlohmann::json& file);

/// Null for a kind that is not covered.
Runner runner_for(std::string_view kind);

Outcome run_adv_pairing(const nlohmann::json& file);
Outcome run_appstate(const nlohmann::json& file);
Outcome run_binary_nodes(const nlohmann::json& file);
Outcome run_history_sync(const nlohmann::json& file);
Outcome run_hkdf_aes(const nlohmann::json& file);
Outcome run_jid(const nlohmann::json& file);
Outcome run_media(const nlohmann::json& file);
Outcome run_messages(const nlohmann::json& file);
Outcome run_msgsecret(const nlohmann::json& file);
Outcome run_noise(const nlohmann::json& file);
Outcome run_pairing_code(const nlohmann::json& file);
/// Wants the files beside it: "directory" is the folder of the vector file.
Outcome run_peers(const nlohmann::json& file);
Outcome run_phash(const nlohmann::json& file);
Outcome run_sender_key(const nlohmann::json& file);
Outcome run_x3dh_ratchet(const nlohmann::json& file);
Outcome run_xeddsa(const nlohmann::json& file);

/// The lists of hkdf_aes.json that the crypto room alone answers; run_hkdf_aes includes them.
Outcome run_primitives(const nlohmann::json& file);

}  // namespace vector_check
