// Records to fill a store with, every field set to something that would show if it were lost or swapped.
#pragma once

#include "base/random.h"
#include "whatsapp/store/device_store.h"

namespace samples {

using namespace whatsapp;

inline store::DeviceCredentials credentials(std::uint64_t seed = 1) {
  base::SeededRandom random(seed);
  store::DeviceCredentials out;
  out.noise = crypto::generate_key_pair(random);
  out.identity = crypto::generate_key_pair(random);
  out.registration_id = 4711;
  out.signed_pre_key =
      signal::SignedPreKey{7, crypto::generate_key_pair(random), random.bytes<64>(), 1'760'000'001};
  out.adv_secret = base::Secret<32>(random.bytes<32>());
  out.next_pre_key_id = 813;
  out.login_count = 3;
  out.routing_info = {8, 2, 8, 5};
  return out;
}

inline store::PairedDevice paired() {
  return {.pn = binary::Jid("5511999990000", binary::Server::kUser, 12),
          .lid = binary::Jid("123456789012345", binary::Server::kLid, 12),
          .account_identity = {1, 2, 0, 3},
          .platform = "android",
          .business_name = "Padaria São José",
          .push_name = "Zé",
          .paired_at = 1'760'000'002};
}

inline signal::Address address(const std::string& user, std::uint16_t device = 0,
                               signal::Domain domain = signal::Domain::kLid) {
  return {user, domain, device};
}

inline store::PreKeyRow pre_key(std::uint32_t id,
                                store::PreKeyRow::Upload upload = store::PreKeyRow::Upload::kPending) {
  base::SeededRandom random(id);
  return {signal::generate_pre_key(id, random), upload};
}

inline store::OutboundRow outbound(const std::string& queue_id, std::int64_t order,
                                   store::OutboundRow::State state = store::OutboundRow::State::kClaimed) {
  return {.queue_id = queue_id,
          .wa_message_id = "3EB0" + queue_id,
          .state = state,
          .to_original = "+55 11 99999-0000",
          .to_normalized = "5511999990000@s.whatsapp.net",
          .payload = R"({"body":"olá"})",
          .stanza = {0xf8, 0x00, 0x01},
          .error = "",
          .debug = R"({"result":"x"})",
          .order = order,
          .updated_at = 1'760'000'003};
}

inline store::InboundRow inbound(const std::string& chat, const std::string& id) {
  return {.sequence = 0,
          .chat = chat,
          .message_id = id,
          .payload = R"({"body":"é"})",
          .received_at = 1'760'000'004};
}

}  // namespace samples
