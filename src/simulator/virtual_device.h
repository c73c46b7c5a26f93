// A device that the simulator plays: the phone of an account, or a contact's phone or companion. It has a
// Signal stack of its own and talks to the server in the same stanzas as a real client, only without a
// socket: what it gets is handled later in the turn, what it says goes straight to the core.
//
// Peers are known by their LID device address, whatever form a stanza uses.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "simulator/session.h"
#include "simulator/timers.h"
#include "whatsapp/message/content.h"
#include "whatsapp/signal/decrypt_error.h"
#include "whatsapp/signal/group_cipher.h"
#include "whatsapp/signal/keys.h"
#include "whatsapp/signal/sender_key_record.h"
#include "whatsapp/signal/session_cipher.h"
#include "whatsapp/signal/session_record.h"

namespace simulator {

class Person;
class World;
struct Group;

/// What a stanza says of its message besides the ciphertexts.
struct StanzaMarks {
  std::string type = "text";
  std::string media_type{};          // on each ciphertext: "image", "ptt", …; empty: none
  std::string edit{};                // empty: none
  std::vector<Account*> audience{};  // of a status or a list: who gets it
};

/// Sent messages kept for answering retry receipts.
inline constexpr std::size_t kKeptSent = 2'000;
/// Message ids whose deliveries are counted; older ones are forgotten.
inline constexpr std::size_t kCountedIds = 1'000'000;

class VirtualDevice final : public Wire {
 public:
  /// Makes the device's keys and publishes them. `identity` is the account's for the phone.
  VirtualDevice(World& world, Person& person, Device& device, crypto::KeyPair identity);
  ~VirtualDevice() override;

  void go_online();
  void go_offline();
  [[nodiscard]] bool online() const { return session_ != 0; }

  /// `plaintext` is a serialised Message. kUnavailable while offline, kNotFound for an unknown recipient.
  base::Result<void> send_message(const std::string& id, const Jid& to, base::ByteView plaintext,
                                  const StanzaMarks& marks = {});
  /// To one device of the own account, as the phone tells its companions things. kUnavailable while offline
  /// or as long as the device has no keys.
  base::Result<void> send_peer_message(const std::string& id, Device& to, base::ByteView plaintext);
  /// Any other stanza, as it is; it leaves in a later turn. kUnavailable while offline.
  base::Result<void> send_stanza(Node stanza);
  void send_read_receipt(const ReceivedMessage& message);
  /// New keys and no sessions.
  void forget_everything(crypto::KeyPair identity);

  void ask_retry(int count) { claimed_failures_ += count; }
  void corrupt_next(int count) { corruptions_ += count; }

  [[nodiscard]] Device& device() const { return device_; }
  [[nodiscard]] int deliveries(std::string_view id) const;
  [[nodiscard]] std::size_t decrypt_failures() const { return failures_; }
  /// Ciphertexts whose key had been used already.
  [[nodiscard]] std::size_t duplicates() const { return duplicates_; }

  // Wire
  void send(const Node& stanza) override;
  void close() override;

 private:
  struct Peer {
    whatsapp::signal::SessionRecord sessions;
    std::optional<crypto::PublicKey> identity;
  };
  struct Sent {
    std::string id;
    Jid to;
    base::Bytes plaintext;
    StanzaMarks marks{};
    enum class Audience { kChat, kPeer } audience = Audience::kChat;
  };
  /// A stanza taken apart: who wrote it, and in which conversation.
  struct Source {
    Device* author = nullptr;
    Jid from;
    std::optional<Jid> participant, recipient;
    std::string id;
    std::string type, edit;
    std::int64_t timestamp = 0;
    [[nodiscard]] bool own(const Device& self) const { return &author->account == &self.account; }
  };

  void handle(const Node& stanza);
  void on_message(const Node& stanza);
  void on_receipt(const Node& receipt);
  void on_notification(const Node& notification);
  void count_delivery(const std::string& id);
  void take_in(const Source& source, std::string_view cipher, base::ByteView plaintext);
  void on_channel_message(const Node& stanza);
  std::expected<base::Bytes, whatsapp::signal::DecryptError> decrypt(const Source& source, const Node& enc);
  std::expected<base::Bytes, whatsapp::signal::DecryptError> decrypt_pairwise(Device& author,
                                                                              const Node& enc);
  void send_receipt(const Source& source, std::string_view type);
  void send_retry(const Source& source);
  void send_ack(const Node& stanza);
  void answer_retry(const Node& receipt);
  void say(Node stanza);

  void publish_pre_keys(std::size_t count);
  Peer& peer(const Device& device);
  std::optional<Node> encrypt_for(Device& target, base::ByteView plaintext);
  std::optional<Node> encrypt_for_group(const Jid& group, base::ByteView plaintext);
  bool begin_session(Device& target);
  bool begin_session_from(Device& target, const Node& receipt);
  void add_person_ciphers(Node& stanza, Account& recipient, const Jid& to, base::ByteView plaintext);
  void add_group_ciphers(Node& stanza, const Group& group, base::ByteView plaintext);
  void add_broadcast_ciphers(Node& stanza, const Jid& to, const std::vector<Account*>& audience,
                             base::ByteView plaintext);
  void add_sender_key_ciphers(Node& stanza, const Jid& chat, Addressing form,
                              const std::vector<Account*>& readers, base::ByteView plaintext);
  void remember_sent(Sent sent);
  [[nodiscard]] Node resend_stanza(const Sent& sent, const Node& receipt, const Jid& requester,
                                   Node enc) const;

  World& world_;
  Person& person_;
  Device& device_;
  SessionId session_ = 0;
  whatsapp::signal::LocalIdentity identity_;
  whatsapp::signal::SignedPreKey signed_pre_key_;
  std::unordered_map<std::uint32_t, whatsapp::signal::PreKey> pre_keys_;
  std::uint32_t next_pre_key_ = 1;
  std::unordered_map<std::string, Peer> peers_;  // by LID device address as text
  struct GroupKeys {
    whatsapp::signal::SenderKeyRecord own;
    std::set<std::string> shared_with;  // device addresses
    /// From the next message on nobody reads with what they have.
    void rotate(base::Random& random) {
      whatsapp::signal::create_sender_key(own, random);
      shared_with.clear();
    }
    std::map<std::string, whatsapp::signal::SenderKeyRecord> others;
  };
  std::map<std::string, GroupKeys> groups_;
  std::deque<Sent> sent_;
  std::unordered_map<std::uint64_t, std::uint16_t> delivered_;  // times, by hash of the message id
  std::deque<std::uint64_t> delivered_order_;
  std::unordered_map<std::string, int> retries_;  // asked for, by message id
  int claimed_failures_ = 0;
  int corruptions_ = 0;
  std::size_t failures_ = 0;
  std::size_t duplicates_ = 0;
  Timers timers_;
};

}  // namespace simulator
