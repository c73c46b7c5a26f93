#include "simulator/virtual_device.h"

#include <algorithm>

#include "simulator/person.h"
#include "simulator/world.h"
#include "whatsapp/message/padding.h"

namespace simulator {
namespace {

using base::Result;
using whatsapp::signal::DecryptError;
using whatsapp::signal::MessageKind;

/// One-time keys published at first and at every top-up.
constexpr std::size_t kPreKeyBatch = 30;
/// Retries that a device asks for before it gives a message up.
constexpr int kMaxRetries = 5;
/// Messages for which the attempts are remembered.
constexpr std::size_t kMaxRetriesKept = 10'000;

std::string address_of(const Device& device) { return device.account.lid(device.id).to_string(); }

}  // namespace

VirtualDevice::VirtualDevice(World& world, Person& person, Device& device, crypto::KeyPair identity)
    : world_(world), person_(person), device_(device), timers_(world.loop()) {
  forget_everything(std::move(identity));
  go_online();
}

VirtualDevice::~VirtualDevice() { go_offline(); }

void VirtualDevice::forget_everything(crypto::KeyPair identity) {
  base::Random& random = world_.random();
  identity_ = {std::move(identity), whatsapp::signal::generate_registration_id(random)};
  signed_pre_key_ =
      whatsapp::signal::generate_signed_pre_key(1, identity_.keys, world_.server().state().now(), random);
  pre_keys_.clear();
  peers_.clear();
  groups_.clear();
  sent_.clear();
  PublishedKeys& keys = device_.keys;
  keys = PublishedKeys{};
  keys.registration_id = identity_.registration_id;
  keys.identity = identity_.keys.public_key;
  keys.signed_id = signed_pre_key_.id;
  keys.signed_key = signed_pre_key_.keys.public_key;
  keys.signature = signed_pre_key_.signature;
  keys.uploaded = true;
  publish_pre_keys(kPreKeyBatch);
}

void VirtualDevice::publish_pre_keys(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto key = whatsapp::signal::generate_pre_key(next_pre_key_, world_.random());
    next_pre_key_ = whatsapp::signal::next_pre_key_id(next_pre_key_);
    device_.keys.one_time.push_back({key.id, key.keys.public_key});
    pre_keys_.emplace(key.id, std::move(key));
  }
  device_.keys.told_low = false;
}

void VirtualDevice::go_online() {
  if (!online()) session_ = world_.server().attach(*this, device_);
}

void VirtualDevice::go_offline() {
  if (online()) world_.server().closed(std::exchange(session_, 0));
}

// ---- incoming ---------------------------------------------------------------------------------------

void VirtualDevice::send(const Node& stanza) {
  if (stanza.tag() == "ib") return;
  timers_.soon([this, stanza] {
    if (online()) handle(stanza);
  });
}

void VirtualDevice::close() { session_ = 0; }

void VirtualDevice::handle(const Node& stanza) {
  if (stanza.tag() == "message") {
    on_message(stanza);
  } else if (stanza.tag() == "receipt") {
    on_receipt(stanza);
  } else if (stanza.tag() == "notification") {
    on_notification(stanza);
  } else if (stanza.tag() == "call") {
    send_ack(stanza);
  }
  if (stanza.tag() != "message") person_.note_stanza(device_.id, stanza);
}

Result<void> VirtualDevice::send_stanza(Node stanza) {
  if (!online()) return base::fail(base::ErrorCode::kUnavailable, "the device is offline");
  timers_.soon([this, stanza = std::move(stanza)] {
    if (online()) say(stanza);
  });
  return {};
}

void VirtualDevice::say(Node stanza) { world_.server().receive(session_, stanza); }

void VirtualDevice::send_ack(const Node& stanza) {
  say(Node("ack")
          .with("class", stanza.tag())
          .with("id", stanza.attr("id"))
          .with("to", stanza.jid("from"))
          .with("participant", stanza.jid("participant"))
          .with("type", stanza.attr("type")));
}

void VirtualDevice::on_notification(const Node& notification) {
  if (notification.child("count") != nullptr && notification.attr_is("type", "encrypt"))
    publish_pre_keys(kPreKeyBatch);
  if (notification.child("identity") != nullptr) {
    const auto from = notification.jid("from");
    const Account* account = from ? world_.server().directory().account(*from) : nullptr;
    if (account != nullptr) {
      for (auto& [address, known] : peers_) {
        if (address.starts_with(account->lid_user + '@') || address.starts_with(account->lid_user + ':'))
          known.sessions.archive_current();
      }
      for (auto& [chat, keys] : groups_) {
        std::erase_if(keys.shared_with, [&](const std::string& address) {
          return address.starts_with(account->lid_user + '@') || address.starts_with(account->lid_user + ':');
        });
      }
    }
  }
  send_ack(notification);
}

void VirtualDevice::on_receipt(const Node& receipt) {
  if (receipt.attr_is("type", "retry")) {
    answer_retry(receipt);
  } else if (receipt.attr_is("type", "server-error")) {
    const auto from = receipt.jid("from");
    Device* companion = from ? world_.server().directory().device(*from) : nullptr;
    if (companion != nullptr && &companion->account == &device_.account)
      person_.on_media_request(*companion, receipt);
  } else if (device_.id == 0) {  // every device of ours gets it; one of them notes it
    for (const std::string& id : receipt_ids(receipt))
      person_.note_receipt(id, receipt.attr("type").value_or(""));
  }
  send_ack(receipt);
  world_.changed();
}

void VirtualDevice::on_message(const Node& stanza) {
  if (stanza.child("plaintext") != nullptr) {
    on_channel_message(stanza);
    return;
  }
  Source source;
  source.type = stanza.attr("type").value_or("");
  source.edit = stanza.attr("edit").value_or("");
  source.from = stanza.jid("from").value_or(Jid{});
  source.participant = stanza.jid("participant");
  source.recipient = stanza.jid("recipient");
  source.id = stanza.attr("id").value_or("");
  source.timestamp = stanza.number("t").value_or(0);
  source.author = world_.server().directory().device(source.participant.value_or(source.from));
  const auto ciphers = stanza.children("enc");
  if (source.author == nullptr || ciphers.empty()) {  // unlinked meanwhile, or content withheld
    send_ack(stanza);
    return;
  }
  bool failed = false;
  bool duplicate = false;
  if (claimed_failures_ > 0) {
    --claimed_failures_;
    failed = true;
  } else {
    for (const Node* enc : ciphers) {
      const auto opened = decrypt(source, *enc);
      if (opened) {
        const auto plaintext = whatsapp::message::unpad(*opened);
        if (plaintext) {
          take_in(source, enc->attr("type").value_or(""), *plaintext);
        } else {
          ++failures_;
        }
      } else if (opened.error() == DecryptError::kDuplicate) {
        duplicate = true;
      } else {
        failed = true;
      }
    }
  }
  if (duplicate) ++duplicates_;
  if (failed) {
    ++failures_;
    send_retry(source);
    send_ack(stanza);
  } else if (person_.receipts() == Receipts::kNone) {
    send_ack(stanza);
  } else {
    send_receipt(source, source.own(device_) ? "sender" : "");
  }
  world_.changed();
}

std::expected<base::Bytes, DecryptError> VirtualDevice::decrypt(const Source& source, const Node& enc) {
  if (!enc.attr_is("type", "skmsg")) return decrypt_pairwise(*source.author, enc);
  auto& record = groups_[source.from.to_string()].others[address_of(*source.author)];
  return whatsapp::signal::group_decrypt(record, enc.bytes());
}

std::expected<base::Bytes, DecryptError> VirtualDevice::decrypt_pairwise(Device& author, const Node& enc) {
  const MessageKind kind = enc.attr_is("type", "pkmsg") ? MessageKind::kPreKeyMessage : MessageKind::kMessage;
  whatsapp::signal::LoadedPreKeys loaded;
  if (kind == MessageKind::kPreKeyMessage) {
    const auto named = whatsapp::signal::peek_pre_keys(enc.bytes());
    if (!named) return std::unexpected(named.error());
    if (named->signed_pre_key_id == signed_pre_key_.id) loaded.signed_pre_key = signed_pre_key_;
    const auto key = pre_keys_.find(named->pre_key_id.value_or(0));
    if (key != pre_keys_.end()) loaded.pre_key = key->second;
  }
  Peer& known = peer(author);
  const whatsapp::signal::ReceiveContext context{
      .local = identity_,
      .pre_keys = loaded,
      .stored_identity = known.identity,
      .peer = &author.account == &device_.account ? whatsapp::signal::Peer::kOwnAccount
                                                  : whatsapp::signal::Peer::kOther,
      .random = world_.random(),
  };
  auto opened = whatsapp::signal::decrypt(known.sessions, kind, enc.bytes(), context);
  if (!opened) return std::unexpected(opened.error());
  if (opened->used_pre_key_id) pre_keys_.erase(*opened->used_pre_key_id);
  if (opened->identity_news != whatsapp::signal::IdentityNews::kNone) known.identity = opened->identity;
  return std::move(opened->plaintext);
}

/// Channels are public: no ciphertext, and no receipt either.
void VirtualDevice::on_channel_message(const Node& stanza) {
  ReceivedMessage message;
  message.id = stanza.attr("id").value_or("");
  message.chat = message.from = stanza.attr("from").value_or("");
  message.device = device_.id;
  if (stanza.attr_is("is_sender", "true")) message.direction = ReceivedMessage::Direction::kOwn;
  message.cipher = "plaintext";
  message.type = stanza.attr("type").value_or("");
  message.edit = stanza.attr("edit").value_or("");
  message.timestamp = stanza.number("t").value_or(0);
  message.received_at = world_.loop().clock().unix_millis();
  message.content = base::to_bytes(stanza.child_bytes("plaintext").value_or(base::ByteView{}));
  if (const auto read = whatsapp::message::read_message(message.content)) {
    message.text = read->content.text;
    message.kind = whatsapp::message::to_string(read->content.kind);
  }
  send_ack(stanza);
  count_delivery(message.id);
  person_.take_in(std::move(message), *this);
  world_.changed();
}

void VirtualDevice::take_in(const Source& source, std::string_view cipher, base::ByteView plaintext) {
  const auto read = whatsapp::message::read_message(plaintext);
  if (!read) {
    ++failures_;
    return;
  }
  if (read->sender_key) {
    auto& record = groups_[source.from.to_string()].others[address_of(*source.author)];
    (void)whatsapp::signal::process_distribution(record, read->sender_key->distribution);
  }
  if (source.own(device_) && !std::holds_alternative<std::monostate>(read->self_notice))
    person_.on_peer_message(source.id, *source.author, plaintext);
  if (read->content.kind == whatsapp::message::Kind::kNone) return;
  count_delivery(source.id);

  ReceivedMessage message;
  message.id = source.id;
  message.from = source.participant.value_or(source.from).to_string();
  message.chat = source.from.bare().to_string();
  message.device = device_.id;
  if (source.own(device_)) {
    message.direction = ReceivedMessage::Direction::kOwn;
    if (source.recipient) message.chat = source.recipient->to_string();
    if (read->device_sent) message.chat = read->device_sent->destination;
  }
  message.text = read->content.text;
  message.quoted_id = read->content.quoted_id;
  message.mentions = read->content.mentions;
  message.kind = whatsapp::message::to_string(read->content.kind);
  message.target_id = read->content.target.id;
  message.type = source.type;
  message.edit = source.edit;
  message.content = base::to_bytes(plaintext);
  message.cipher = cipher;
  message.timestamp = source.timestamp;
  message.received_at = world_.loop().clock().unix_millis();
  person_.take_in(std::move(message), *this);
}

void VirtualDevice::send_receipt(const Source& source, std::string_view type) {
  Node receipt = Node("receipt").with("id", source.id).with("to", source.from);
  if (source.participant) receipt.set("participant", *source.participant);
  if (source.recipient) receipt.set("recipient", *source.recipient);
  if (!type.empty()) receipt.set("type", std::string{type});
  say(std::move(receipt));
}

void VirtualDevice::send_read_receipt(const ReceivedMessage& message) {
  const auto chat = Jid::parse(message.chat);
  const auto from = Jid::parse(message.from);
  if (!online() || !chat || !from) return;
  Node receipt = Node("receipt")
                     .with("id", message.id)
                     .with("to", *chat)
                     .with("type", "read")
                     .with("t", world_.server().state().now());
  if (chat->is_group() || chat->server() == Server::kBroadcast) receipt.set("participant", from->bare());
  say(std::move(receipt));
}

/// The first attempt asks with the session as it is, later ones bring a bundle for a new one.
void VirtualDevice::send_retry(const Source& source) {
  if (retries_.size() > kMaxRetriesKept) retries_.clear();
  const int count = ++retries_[source.id];
  if (count > kMaxRetries) return;
  Node receipt = Node("receipt").with("id", source.id).with("to", source.from).with("type", "retry");
  if (source.participant) receipt.set("participant", *source.participant);
  if (source.recipient) receipt.set("recipient", *source.recipient);
  receipt.add_child(
      Node("retry").with("count", count).with("id", source.id).with("t", source.timestamp).with("v", 1));
  receipt.add_child(
      Node("registration").bytes(base::ByteView{base::big_endian<4>(identity_.registration_id)}));
  if (count >= 2) {
    auto key = whatsapp::signal::generate_pre_key(next_pre_key_, world_.random());
    next_pre_key_ = whatsapp::signal::next_pre_key_id(next_pre_key_);
    Node keys = Node("keys")
                    .add(Node("type").bytes(base::Bytes{whatsapp::signal::kKeyType}))
                    .add(Node("identity").bytes(base::ByteView{identity_.keys.public_key}))
                    .add(one_time_key_node(key.id, key.keys.public_key))
                    .add(signed_key_node(signed_pre_key_.id, signed_pre_key_.keys.public_key,
                                         signed_pre_key_.signature));
    if (!device_.device_identity.empty())
      keys.add_child(Node("device-identity").bytes(base::ByteView{device_.device_identity}));
    receipt.add_child(std::move(keys));
    pre_keys_.emplace(key.id, std::move(key));
  }
  say(std::move(receipt));
}

void VirtualDevice::count_delivery(const std::string& id) {
  const std::uint64_t key = std::hash<std::string_view>{}(id);
  const auto [entry, fresh] = delivered_.try_emplace(key, std::uint16_t{0});
  ++entry->second;
  if (!fresh) return;
  delivered_order_.push_back(key);
  if (delivered_order_.size() > kCountedIds) {
    delivered_.erase(delivered_order_.front());
    delivered_order_.pop_front();
  }
}

int VirtualDevice::deliveries(std::string_view id) const {
  const auto found = delivered_.find(std::hash<std::string_view>{}(id));
  return found == delivered_.end() ? 0 : found->second;
}

VirtualDevice::Peer& VirtualDevice::peer(const Device& device) { return peers_[address_of(device)]; }

}  // namespace simulator
