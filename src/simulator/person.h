// People on the desk: an account whose phone, and perhaps further devices, are played by the simulator with
// a Signal stack of their own. A SimulatedPhone is the owner of clients under test: it scans their QR and is
// device 0 of their account. A SimulatedContact is somebody to talk to.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "simulator/settings.h"
#include "whatsapp/binary/node.h"

namespace whatsapp::binary {
class Node;
}

namespace simulator {

class World;
class VirtualDevice;
class PhoneDesk;
struct Account;
struct Device;
struct StanzaMarks;

/// A message of any kind that a person sends.
struct OutgoingMessage {
  std::string to{};       // person, group, channel, status@broadcast, …@broadcast
  base::Bytes content{};  // a serialised Message
  std::string id{};       // empty: a fresh one
  int device = 0;         // which of the person's devices sends it
  std::string type{};     // of the stanza; empty: as the content asks for. The same holds for the next two
  std::string edit{};
  std::string media_type{};
  std::vector<std::string> audience{};  // JIDs: who gets a status (nobody named: all acquaintances) or a list
};

/// A stanza that is no message, as it came to one of a person's devices.
struct SeenStanza {
  int device = 0;
  whatsapp::binary::Node stanza;
};

class Person {
 public:
  virtual ~Person();
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }  // "phone-1", "contact-3"
  [[nodiscard]] std::string pn() const;                        // 5511900000001@s.whatsapp.net
  [[nodiscard]] std::string lid() const;                       // 100000000000001@lid
  [[nodiscard]] std::string number() const;

  /// Sends from device `from_device` to a person (JID without device, PN or LID) or a group. Returns the
  /// message id; the message itself leaves in a later turn of the loop. kNotFound for an unknown recipient
  /// or device.
  base::Result<std::string> send_text(std::string_view to, std::string_view text, int from_device = 0);
  /// The same with an id of the caller's; empty: a fresh one.
  base::Result<std::string> send_text_as(std::string_view id, std::string_view to, std::string_view text,
                                         int from_device = 0);

  /// Any content: `message` is a serialised Message. An empty id: a fresh one.
  base::Result<std::string> send_message(std::string_view id, std::string_view to, base::ByteView message,
                                         const StanzaMarks& marks, int from_device = 0);
  /// Any kind of message; the rest as with send_text(). kMalformed for content that is no Message.
  base::Result<std::string> send(const OutgoingMessage& message);
  /// Any other stanza, as it is. kNotFound for an unknown device, kUnavailable while it is offline.
  base::Result<void> send_stanza(whatsapp::binary::Node stanza, int from_device = 0);
  /// Receipts, notifications, calls, presence, typing that came to the devices, oldest first.
  [[nodiscard]] const std::deque<SeenStanza>& seen() const { return seen_; }

  /// What the devices decrypted, oldest first, repeats included (see deliveries()).
  [[nodiscard]] const std::deque<ReceivedMessage>& received() const { return received_; }
  /// Received messages that are no longer kept.
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
  /// How many times device `device` decrypted message `id`. More than 1 is a message delivered twice.
  [[nodiscard]] int deliveries(std::string_view id, int device = 0) const;
  /// Receipts that came for message `id`: "" (delivered), "read", "played", "retry", …, in order.
  [[nodiscard]] std::vector<std::string> receipts_for(std::string_view id) const;
  /// Ciphertexts that could not be decrypted, all devices together.
  [[nodiscard]] std::size_t decrypt_failures() const;
  /// Ciphertexts that came although their key had been used already, all devices together.
  [[nodiscard]] std::size_t duplicate_ciphertexts() const;

  void set_receipts(Receipts receipts) { receipts_ = receipts; }
  [[nodiscard]] Receipts receipts() const { return receipts_; }

  /// A further companion of the person's own; others are told. Its JID.
  base::Result<std::string> link_device();
  /// kNotFound; kInvalidArgument for the phone.
  base::Result<void> unlink_device(int id);

  /// Sends read receipts for the messages received so far in a chat.
  void read_chat(std::string_view chat);
  /// The devices claim that the next `count` messages could not be decrypted and ask for a retry.
  void ask_retry(int count);
  /// The next `count` ciphertexts that leave our devices are damaged.
  void corrupt_next(int count);
  /// New identity keys, no sessions, as after a new installation; contacts are told by the server.
  void reinstall();
  /// Cuts all devices from the server; what comes meanwhile is queued there.
  void go_offline();
  void go_online();

  [[nodiscard]] Account& account() const { return account_; }
  [[nodiscard]] VirtualDevice& device(std::size_t index) const { return *devices_.at(index); }
  [[nodiscard]] std::size_t device_count() const { return devices_.size(); }

 protected:
  friend class VirtualDevice;
  Person(World& world, Account& account, std::string id);
  /// The phone first, then companions, signed by it.
  VirtualDevice& add_device();
  void take_in(ReceivedMessage message, VirtualDevice& device);
  void note_stanza(int device, const whatsapp::binary::Node& stanza);
  base::Result<VirtualDevice*> device_number(int id) const;
  std::string fresh_message_id();
  void note_receipt(const std::string& id, const std::string& type);
  /// One of the devices has decrypted a message.
  virtual void on_message(const ReceivedMessage& message, VirtualDevice& device);
  /// A device of our own account tells or asks something that is not for people.
  virtual void on_peer_message(const std::string& id, Device& from, base::ByteView message);
  /// A companion asks for a file that is gone from the media hosts.
  virtual void on_media_request(Device& from, const whatsapp::binary::Node& receipt);

  World& world_;
  Account& account_;
  std::string id_;
  std::vector<std::unique_ptr<VirtualDevice>> devices_;
  std::deque<ReceivedMessage> received_;
  std::deque<SeenStanza> seen_;
  std::uint64_t forgotten_ = 0;
  std::unordered_map<std::string, std::vector<std::string>> receipts_got_;  // by message id
  std::deque<std::string> receipt_order_;
  Receipts receipts_ = Receipts::kDelivery;
};

class SimulatedPhone final : public Person {
 public:
  SimulatedPhone(World& world, Account& account, std::string id);
  ~SimulatedPhone() override;

  /// Scans a QR text: signs the companion's identity and hands it to the server. The companion is linked
  /// once it has answered; see companions(). `fault` makes it go wrong. kMalformed for a text that is no QR,
  /// kNotFound when no connection waits with that ref and identity key, kTimeout when the ref has expired.
  base::Result<void> scan(std::string_view qr, LinkFault fault = LinkFault::kNone);
  /// Types the 8-character code that a companion shows. kNotFound when no companion asked for this number;
  /// a wrong code shows later, as no link.
  base::Result<void> enter_code(std::string_view code, CodeFault fault = CodeFault::kNone);
  /// Device JIDs (PN) of the linked companions.
  [[nodiscard]] std::vector<std::string> companions() const;
  /// Unlinks: the companion is told `device_removed` and logged out. kNotFound.
  base::Result<void> remove_companion(std::string_view device_jid);

  /// What it does for its companions: keys, settings, history, answers.
  [[nodiscard]] PhoneDesk& desk() const { return *desk_; }

 private:
  void on_peer_message(const std::string& id, Device& from, base::ByteView message) override;
  void on_media_request(Device& from, const whatsapp::binary::Node& receipt) override;

  std::unique_ptr<PhoneDesk> desk_;
};

class SimulatedContact final : public Person {
 public:
  SimulatedContact(World& world, Account& account, std::string id, const ContactOptions& options);

  void set_reply(Reply reply) { reply_ = reply; }

 private:
  void on_message(const ReceivedMessage& message, VirtualDevice& device) override;

  Reply reply_;
};

}  // namespace simulator
