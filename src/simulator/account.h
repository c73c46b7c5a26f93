// What the server remembers: accounts with their two identities, and the devices of each. Device 0 is the
// phone and always there; companions have the ids 1 and up, which are never given out twice.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/curve25519.h"
#include "crypto/xeddsa.h"
#include "simulator/fault_set.h"
#include "simulator/outbox.h"
#include "simulator/settings.h"
#include "whatsapp/binary/jid.h"

namespace simulator {

using whatsapp::binary::Jid;
using whatsapp::binary::Server;

struct Account;
struct Session;

/// The keys a device has published. One-time keys are handed out in order, each once.
struct PublishedKeys {
  struct OneTime {
    std::uint32_t id = 0;
    crypto::PublicKey key{};
  };
  std::uint32_t registration_id = 0;
  crypto::PublicKey identity{};
  std::uint32_t signed_id = 0;
  crypto::PublicKey signed_key{};
  crypto::Signature signature{};
  std::vector<OneTime> one_time;  // [handed_out, size) are still there
  std::size_t handed_out = 0;
  bool uploaded = false;  // before the first upload nobody gets a bundle
  bool told_low = false;  // has been notified since the last upload

  [[nodiscard]] std::size_t left() const { return one_time.size() - handed_out; }
};

struct Device {
  Device(Account& owner, std::uint16_t number) : account(owner), id(number) {}

  Account& account;
  std::uint16_t id;
  /// Static key of its Noise handshake; absent: played by the simulator.
  std::optional<crypto::PublicKey> noise;
  PublishedKeys keys;
  base::Bytes device_identity;  // ADVSignedDeviceIdentity, all four fields; empty for the phone
  std::uint32_t key_index = 0;
  std::int64_t linked_at = 0;
  std::string props;  // serialised DeviceProps of a real client

  Session* session = nullptr;  // the live connection
  Outbox outbox;
  FaultSet faults;
  enum class Visibility { kUnavailable, kAvailable } visibility = Visibility::kUnavailable;
  std::uint64_t logins = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::map<std::string, std::int64_t> dirty;  // what it must ask for again, since when
  struct Recording {
    std::size_t limit = 0;  // 0: nothing is kept
    std::deque<whatsapp::binary::Node> stanzas;
  } said;                                         // what the client said, if a test wants to look
  std::map<std::string, std::uint64_t> iq_kinds;  // asked by it: "w:g2/get/query" and so on
};

/// What an account shows of itself besides its name.
struct Profile {
  std::string about;
  std::int64_t about_at = 0;
  base::Bytes picture;
  std::string picture_id;         // empty: none
  std::string business_name;      // empty: no business
  std::uint32_t ephemeral_s = 0;  // default of new chats
  std::int64_t ephemeral_at = 0;
};

struct Account {
  std::string pn_user;
  std::string lid_user;
  std::string push_name;
  std::string platform;
  crypto::KeyPair identity;  // of the phone: signs the companions
  std::uint32_t raw_id = 0;  // of this registration of the number
  std::uint32_t current_index = 0;
  std::uint16_t next_device = 1;
  std::map<std::uint16_t, std::unique_ptr<Device>> devices;
  std::map<std::string, std::string> privacy;
  std::set<std::string> blocked;  // bare JIDs as text
  Profile profile;
  std::set<Account*> wrote_to;  // whoever got a message from us is no stranger
  base::Bytes nct_salt;         // key of the tokens that stand in for a trusted-contact token
  /// kHidden: the account has not been moved to its LID yet, nobody is told of it.
  enum class LidState { kKnown, kHidden } lid_state = LidState::kKnown;
  std::set<Account*> acquaintances;  // who shares a chat with us: they hear of our devices
  std::int64_t devices_changed_at = 0;
  base::Bytes key_index_list;  // ADVSignedKeyIndexList of that moment

  [[nodiscard]] Jid pn(std::uint16_t device = 0) const { return Jid{pn_user, Server::kUser, device}; }
  [[nodiscard]] Jid lid(std::uint16_t device = 0) const { return Jid{lid_user, Server::kLid, device}; }
  [[nodiscard]] Jid jid(Addressing form, std::uint16_t device = 0) const {
    return form == Addressing::kLid ? lid(device) : pn(device);
  }
  [[nodiscard]] Device* device(std::uint16_t id) const {
    const auto found = devices.find(id);
    return found == devices.end() ? nullptr : found->second.get();
  }
};

/// The other identity of the same account.
constexpr Addressing other(Addressing form) {
  return form == Addressing::kLid ? Addressing::kPn : Addressing::kLid;
}

/// The form that a JID itself is in.
inline Addressing addressing_of(const Jid& jid) { return jid.is_lid() ? Addressing::kLid : Addressing::kPn; }

}  // namespace simulator
