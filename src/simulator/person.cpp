#include "simulator/person.h"

#include <algorithm>

#include "simulator/device_list.h"
#include "simulator/people/stanza_marks.h"
#include "simulator/phone/phone_desk.h"
#include "simulator/virtual_device.h"
#include "simulator/world.h"
#include "whatsapp/message/content_builder.h"
#include "whatsapp/message/message_id.h"
#include "whatsapp/pairing/device_identity.h"
#include "whatsapp/pairing/qr_text.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Messages whose receipts are remembered per person.
constexpr std::size_t kKeptReceipts = 20'000;
/// Devices that a person may have.
constexpr std::size_t kMaxDevices = 20;
/// Other stanzas remembered per person.
constexpr std::size_t kKeptStanzas = 2'000;

}  // namespace

Person::Person(World& world, Account& account, std::string id)
    : world_(world), account_(account), id_(std::move(id)) {}

Person::~Person() = default;

std::string Person::pn() const { return account_.pn().to_string(); }
std::string Person::lid() const { return account_.lid().to_string(); }
std::string Person::number() const { return account_.pn_user; }

VirtualDevice& Person::add_device() {
  base::Random& random = world_.random();
  ServerState& state = world_.server().state();
  crypto::KeyPair identity = account_.identity;
  if (!devices_.empty()) {
    identity = crypto::generate_key_pair(random);
    auto device = std::make_unique<Device>(account_, account_.next_device++);
    device->key_index = ++account_.current_index;
    device->linked_at = state.now();
    const whatsapp::pairing::DeviceDetails details{.raw_id = account_.raw_id,
                                                   .timestamp = static_cast<std::uint64_t>(state.now()),
                                                   .key_index = device->key_index};
    whatsapp::pairing::SignedDeviceIdentity adv;
    adv.details = details.encode();
    adv.account_signature_key = account_.identity.public_key;
    adv.account_signature = whatsapp::pairing::sign_as_account(
        account_.identity.private_key, details.device_type, adv.details, identity.public_key, random);
    adv.device_signature =
        whatsapp::pairing::sign_as_device(identity, adv.details, account_.identity.public_key, random);
    device->device_identity = adv.encode();
    const std::uint16_t id = device->id;
    account_.devices[id] = std::move(device);
  }
  sign_key_indexes(state, account_);
  Device& device = *account_.devices.rbegin()->second;
  return *devices_.emplace_back(std::make_unique<VirtualDevice>(world_, *this, device, std::move(identity)));
}

Result<std::string> Person::send_text(std::string_view to, std::string_view text, int from_device) {
  return send_text_as(fresh_message_id(), to, text, from_device);
}

Result<VirtualDevice*> Person::device_number(int id) const {
  const auto device =
      std::ranges::find_if(devices_, [&](const auto& candidate) { return candidate->device().id == id; });
  if (device == devices_.end()) return fail(ErrorCode::kNotFound, "the person has no such device");
  return device->get();
}

Result<void> Person::send_stanza(whatsapp::binary::Node stanza, int from_device) {
  WA_TRY(VirtualDevice * device, device_number(from_device));
  return device->send_stanza(std::move(stanza));
}

Result<std::string> Person::send(const OutgoingMessage& message) {
  WA_TRY(const Jid jid, Jid::parse(message.to));
  WA_TRY(VirtualDevice * device, device_number(message.device));
  WA_TRY(StanzaMarks label, marks_of(message.content));
  if (!message.type.empty()) label.type = message.type;
  if (!message.edit.empty()) label.edit = message.edit;
  if (!message.media_type.empty()) label.media_type = message.media_type;
  for (const std::string& text : message.audience) {
    WA_TRY(const Jid reader, Jid::parse(text));
    Account* account = world_.server().directory().account(reader);
    if (account == nullptr) return fail(ErrorCode::kNotFound, "no such account: " + text);
    label.audience.push_back(account);
  }
  if (message.audience.empty() && jid.is_status()) {
    label.audience.assign(account_.acquaintances.begin(), account_.acquaintances.end());
    std::ranges::sort(label.audience, {}, &Account::lid_user);
  }
  const std::string id = message.id.empty() ? fresh_message_id() : message.id;
  WA_TRY_VOID(device->send_message(id, jid.bare(), message.content, label));
  return id;
}

std::string Person::fresh_message_id() {
  return whatsapp::message::generate_message_id(
      account_.pn_user, static_cast<std::uint64_t>(world_.server().state().now()), world_.random());
}

void Person::note_stanza(int device, const whatsapp::binary::Node& stanza) {
  if (seen_.size() >= kKeptStanzas) seen_.pop_front();
  seen_.push_back({device, stanza});
}

Result<std::string> Person::send_text_as(std::string_view id, std::string_view to, std::string_view text,
                                         int from_device) {
  OutgoingMessage message;
  message.id = id;
  message.to = to;
  message.device = from_device;
  whatsapp::message::TextContent content;
  content.body = text;
  message.content = whatsapp::message::build_text(content, world_.random().bytes<32>());
  return send(message);
}

Result<std::string> Person::send_message(std::string_view id, std::string_view to, base::ByteView message,
                                         const StanzaMarks& marks, int from_device) {
  WA_TRY(const Jid jid, Jid::parse(to));
  WA_TRY(VirtualDevice * device, device_number(from_device));
  std::string name = id.empty() ? fresh_message_id() : std::string{id};
  WA_TRY_VOID(device->send_message(name, jid.bare(), message, marks));
  return name;
}

void Person::take_in(ReceivedMessage message, VirtualDevice& device) {
  if (received_.size() >= world_.settings().kept_messages) {
    received_.pop_front();
    ++forgotten_;
  }
  received_.push_back(std::move(message));
  const ReceivedMessage kept = received_.back();
  if (receipts_ == Receipts::kDeliveryAndRead && kept.direction == ReceivedMessage::Direction::kIncoming)
    device.send_read_receipt(kept);
  on_message(kept, device);
}

void Person::on_message(const ReceivedMessage&, VirtualDevice&) {}
void Person::on_peer_message(const std::string&, Device&, base::ByteView) {}
void Person::on_media_request(Device&, const Node&) {}

int Person::deliveries(std::string_view id, int device) const {
  for (const auto& candidate : devices_) {
    if (candidate->device().id == device) return candidate->deliveries(id);
  }
  return 0;
}

void Person::note_receipt(const std::string& id, const std::string& type) {
  const auto [entry, fresh] = receipts_got_.try_emplace(id);
  entry->second.push_back(type);
  if (!fresh) return;
  receipt_order_.push_back(id);
  if (receipt_order_.size() > kKeptReceipts) {
    receipts_got_.erase(receipt_order_.front());
    receipt_order_.pop_front();
  }
}

std::vector<std::string> Person::receipts_for(std::string_view id) const {
  const auto found = receipts_got_.find(std::string{id});
  return found == receipts_got_.end() ? std::vector<std::string>{} : found->second;
}

std::size_t Person::decrypt_failures() const {
  std::size_t sum = 0;
  for (const auto& device : devices_) sum += device->decrypt_failures();
  return sum;
}

std::size_t Person::duplicate_ciphertexts() const {
  std::size_t sum = 0;
  for (const auto& device : devices_) sum += device->duplicates();
  return sum;
}

void Person::read_chat(std::string_view chat) {
  for (const ReceivedMessage& message : received_) {
    if (message.chat == chat && message.direction == ReceivedMessage::Direction::kIncoming &&
        message.device == 0)
      devices_.front()->send_read_receipt(message);
  }
}

void Person::ask_retry(int count) {
  for (const auto& device : devices_) device->ask_retry(count);
}

void Person::corrupt_next(int count) {
  for (const auto& device : devices_) device->corrupt_next(count);
}

/// The phone starts anew: its companions are gone, and everybody who shares a chat hears of the new key.
void Person::reinstall() {
  ServerCore& server = world_.server();
  std::vector<std::uint16_t> companions;
  for (const auto& [id, device] : account_.devices) {
    if (id != 0) companions.push_back(id);
  }
  devices_.resize(1);
  for (const std::uint16_t id : companions) server.linking().remove(account_, id);
  account_.identity = crypto::generate_key_pair(world_.random());
  account_.raw_id = 1 + static_cast<std::uint32_t>(world_.random().below(0x7FFFFFFE));
  account_.current_index = 0;
  devices_.front()->forget_everything(account_.identity);
  sign_key_indexes(server.state(), account_);
  tell_identity_change(server.state(), server.delivery(), account_);
}

Result<std::string> Person::link_device() {
  if (devices_.size() >= kMaxDevices) return fail(ErrorCode::kInvalidArgument, "enough devices");
  Device& device = add_device().device();
  ServerCore& server = world_.server();
  tell_device_change(server.state(), server.delivery(), account_, DeviceChange::kAdded, device.id,
                     device.key_index);
  return account_.pn(device.id).to_string();
}

Result<void> Person::unlink_device(int id) {
  if (id == 0) return fail(ErrorCode::kInvalidArgument, "the phone stays");
  WA_TRY_VOID(device_number(id));
  std::erase_if(devices_, [&](const auto& device) { return device->device().id == id; });
  world_.server().linking().remove(account_, static_cast<std::uint16_t>(id));
  return {};
}

void Person::go_offline() {
  for (const auto& device : devices_) device->go_offline();
}

void Person::go_online() {
  for (const auto& device : devices_) device->go_online();
}

// ---- phones -----------------------------------------------------------------------------------------

SimulatedPhone::SimulatedPhone(World& world, Account& account, std::string id)
    : Person(world, account, std::move(id)) {
  add_device();
  desk_ = std::make_unique<PhoneDesk>(world, *this);
}

SimulatedPhone::~SimulatedPhone() = default;

void SimulatedPhone::on_peer_message(const std::string& id, Device& from, base::ByteView message) {
  desk_->on_peer_message(id, from, message);
}

void SimulatedPhone::on_media_request(Device& from, const Node& receipt) {
  desk_->on_media_request(from, receipt);
}

Result<void> SimulatedPhone::scan(std::string_view qr, LinkFault fault) {
  WA_TRY(const auto content, whatsapp::pairing::parse_qr_text(qr));
  return world_.server().linking().scan(account_, content, fault);
}

Result<void> SimulatedPhone::enter_code(std::string_view code, CodeFault fault) {
  return world_.server().linking().enter_code(account_, code, fault);
}

std::vector<std::string> SimulatedPhone::companions() const {
  std::vector<std::string> jids;
  for (const auto& [id, device] : account_.devices) {
    if (id != 0) jids.push_back(account_.pn(id).to_string());
  }
  return jids;
}

Result<void> SimulatedPhone::remove_companion(std::string_view device_jid) {
  WA_TRY(const Jid jid, Jid::parse(device_jid));
  if (world_.server().directory().account(jid) != &account_ || jid.device() == 0 ||
      account_.device(jid.device()) == nullptr)
    return fail(ErrorCode::kNotFound, "no such companion of this phone");
  world_.server().linking().remove(account_, jid.device());
  return {};
}

// ---- contacts ---------------------------------------------------------------------------------------

SimulatedContact::SimulatedContact(World& world, Account& account, std::string id,
                                   const ContactOptions& options)
    : Person(world, account, std::move(id)), reply_(options.reply) {
  receipts_ = options.receipts;
  for (int i = 0; i < options.devices; ++i) add_device();
}

/// Only the phone answers, so that a contact with several devices answers once.
void SimulatedContact::on_message(const ReceivedMessage& message, VirtualDevice& device) {
  if (reply_ == Reply::kNone || message.direction == ReceivedMessage::Direction::kOwn) return;
  if (device.device().id != 0 || message.text.empty()) return;
  (void)send_text(message.chat, "echo: " + message.text);
}

}  // namespace simulator
