#include <array>
#include <utility>

#include "vector_check/runners.h"

namespace vector_check {
namespace {

constexpr std::pair<std::string_view, Runner> kRunners[] = {
    {"adv_pairing", run_adv_pairing},
    {"appstate", run_appstate},
    {"binary_nodes", run_binary_nodes},
    {"history_sync", run_history_sync},
    {"hkdf_aes", run_hkdf_aes},
    {"jid", run_jid},
    {"media", run_media},
    {"messages", run_messages},
    {"msgsecret", run_msgsecret},
    {"noise", run_noise},
    {"pairing_code", run_pairing_code},
    {"peers", run_peers},
    {"phash", run_phash},
    {"sender_key", run_sender_key},
    {"x3dh_ratchet", run_x3dh_ratchet},
    {"xeddsa", run_xeddsa},
};

}  // namespace

Runner runner_for(std::string_view kind) {
  for (const auto& [name, runner] : kRunners)
    if (name == kind) return runner;
  return nullptr;
}

}  // namespace vector_check
