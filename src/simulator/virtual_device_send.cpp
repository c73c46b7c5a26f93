// The sending half of a device that the simulator plays.
#include <algorithm>

#include "proto/message.pb.h"
#include "simulator/person.h"
#include "simulator/virtual_device.h"
#include "simulator/world.h"
#include "whatsapp/message/content_builder.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/signal/group_cipher.h"
#include "whatsapp/signal/session_builder.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::signal::PreKeyBundle;

Node enc_node(std::string_view type, base::Bytes ciphertext) {
  return Node("enc").with("v", "2").with("type", type).bytes(std::move(ciphertext));
}

/// A serialised Message that hands out a sender key.
base::Bytes sender_key_share(const std::string& group, base::ByteView distribution) {
  whatsapp::proto::Message message;
  auto* share = message.mutable_sender_key_distribution_message();
  share->set_group_id(group);
  share->set_axolotl_sender_key_distribution_message(distribution.data(), distribution.size());
  return base::to_bytes(message.SerializeAsString());
}

bool has_pre_key_message(const Node& node) {
  if (node.tag() == "enc") return node.attr_is("type", "pkmsg");
  return std::ranges::any_of(node.children(), has_pre_key_message);
}

/// Names the kind of file on every ciphertext.
void set_media_type(Node& node, const std::string& media_type) {
  Node::Children children = node.take_children();
  for (Node& child : children) {
    if (child.tag() == "enc") {
      child.set("mediatype", media_type);
    } else if (child.tag() == "participants" || child.tag() == "to") {
      set_media_type(child, media_type);
    }
  }
  node.set_children(std::move(children));
}

/// The bundle that a retry receipt brings along; empty if there is none or it is incomplete.
std::optional<PreKeyBundle> bundle_of(const Node& receipt) {
  const Node* keys = receipt.child("keys");
  const auto registration = receipt.child_bytes("registration");
  if (keys == nullptr || !registration) return std::nullopt;
  const auto identity = keys->child_bytes("identity");
  const Node* signed_key = keys->child("skey");
  if (!identity || identity->size() != 32 || signed_key == nullptr) return std::nullopt;
  const auto id = signed_key->child_bytes("id");
  const auto value = signed_key->child_bytes("value");
  const auto signature = signed_key->child_bytes("signature");
  if (!id || !value || value->size() != 32 || !signature || signature->size() != 64) return std::nullopt;
  PreKeyBundle bundle;
  bundle.registration_id = static_cast<std::uint32_t>(base::read_big_endian(*registration));
  bundle.identity = base::to_fixed<32>(*identity);
  bundle.signed_pre_key_id = static_cast<std::uint32_t>(base::read_big_endian(*id));
  bundle.signed_pre_key = base::to_fixed<32>(*value);
  bundle.signed_pre_key_signature = base::to_fixed<64>(*signature);
  if (const Node* key = keys->child("key")) {
    const auto key_id = key->child_bytes("id");
    const auto key_value = key->child_bytes("value");
    if (key_id && key_value && key_value->size() == 32) {
      bundle.pre_key = PreKeyBundle::OneTime{static_cast<std::uint32_t>(base::read_big_endian(*key_id)),
                                             base::to_fixed<32>(*key_value)};
    }
  }
  return bundle;
}

}  // namespace

Result<void> VirtualDevice::send_message(const std::string& id, const Jid& to, base::ByteView plaintext,
                                         const StanzaMarks& marks) {
  if (!online()) return fail(ErrorCode::kUnavailable, "the device is offline");
  Node stanza = Node("message").with("id", id).with("to", to).with("type", marks.type);
  if (!marks.edit.empty()) stanza.set("edit", marks.edit);
  if (to.is_group()) {
    const Group* group = world_.server().directory().group(to);
    if (group == nullptr) return fail(ErrorCode::kNotFound, "no such group");
    add_group_ciphers(stanza, *group, plaintext);
  } else if (to.server() == Server::kBroadcast) {
    add_broadcast_ciphers(stanza, to, marks.audience, plaintext);
  } else if (to.is_newsletter()) {
    stanza.add_child(Node("plaintext").bytes(plaintext));
  } else {
    Account* recipient = world_.server().directory().account(to);
    if (recipient == nullptr) return fail(ErrorCode::kNotFound, "no such account");
    add_person_ciphers(stanza, *recipient, to, plaintext);
  }
  if (!marks.media_type.empty()) set_media_type(stanza, marks.media_type);
  if (has_pre_key_message(stanza) && !device_.device_identity.empty())
    stanza.add_child(Node("device-identity").bytes(base::ByteView{device_.device_identity}));
  remember_sent({.id = id, .to = to, .plaintext = base::to_bytes(plaintext), .marks = marks});
  return send_stanza(std::move(stanza));
}

Result<void> VirtualDevice::send_peer_message(const std::string& id, Device& to, base::ByteView plaintext) {
  if (!online()) return fail(ErrorCode::kUnavailable, "the device is offline");
  auto enc = encrypt_for(to, plaintext);
  if (!enc) return fail(ErrorCode::kUnavailable, "the companion has no keys yet");
  const Jid jid = to.account.pn(to.id);
  Node stanza = Node("message")
                    .with("id", id)
                    .with("to", jid)
                    .with("type", "text")
                    .with("category", "peer")
                    .with("push_priority", "high")
                    .add(Node("meta").with("appdata", "default"))
                    .add(*std::move(enc));
  remember_sent(
      {.id = id, .to = jid, .plaintext = base::to_bytes(plaintext), .audience = Sent::Audience::kPeer});
  return send_stanza(std::move(stanza));
}

void VirtualDevice::remember_sent(Sent sent) {
  sent_.push_back(std::move(sent));
  if (sent_.size() > kKeptSent) sent_.pop_front();
}

void VirtualDevice::add_person_ciphers(Node& stanza, Account& recipient, const Jid& to,
                                       base::ByteView plaintext) {
  const Addressing form = addressing_of(to);
  Node participants("participants");
  const auto add = [&](Device& target, base::ByteView content) {
    if (&target == &device_) return;
    if (auto enc = encrypt_for(target, content))
      participants.add_child(
          Node("to").with("jid", target.account.jid(form, target.id)).add(*std::move(enc)));
  };
  const base::Bytes own_copy = whatsapp::message::wrap_device_sent(plaintext, to.to_string());
  for (const auto& [id, target] : recipient.devices)
    add(*target, &recipient == &device_.account ? base::ByteView{own_copy} : plaintext);
  if (&recipient != &device_.account) {
    for (const auto& [id, target] : device_.account.devices) add(*target, own_copy);
  }
  stanza.add_child(std::move(participants));
}

void VirtualDevice::add_group_ciphers(Node& stanza, const Group& group, base::ByteView plaintext) {
  stanza.set("addressing_mode", std::string{group.addressing == Addressing::kLid ? "lid" : "pn"});
  std::vector<Account*> readers;
  for (const Member& member : group.members) readers.push_back(member.account);
  add_sender_key_ciphers(stanza, group.jid, group.addressing, readers, plaintext);
}

/// A status goes out under a sender key, with its whole audience named; a list is many single messages.
void VirtualDevice::add_broadcast_ciphers(Node& stanza, const Jid& to, const std::vector<Account*>& audience,
                                          base::ByteView plaintext) {
  if (to.is_status()) {
    std::vector<Account*> readers{&device_.account};
    readers.insert(readers.end(), audience.begin(), audience.end());
    add_sender_key_ciphers(stanza, to, Addressing::kLid, readers, plaintext);
    Node::Children children = stanza.take_children();
    Node named("participants");
    if (!children.empty() && children.front().tag() == "participants") {
      named = std::move(children.front());
      children.erase(children.begin());
    }
    for (const Account* reader : audience) named.add_child(Node("to").with("jid", reader->lid()));
    stanza.add_child(std::move(named));
    for (Node& child : children) stanza.add_child(std::move(child));
    return;
  }
  Node participants("participants");
  const auto add = [&](const Account& account, base::ByteView content) {
    for (const auto& [id, target] : account.devices) {
      if (target.get() == &device_) continue;
      if (auto enc = encrypt_for(*target, content))
        participants.add_child(Node("to").with("jid", account.lid(id)).add(*std::move(enc)));
    }
  };
  for (const Account* reader : audience) add(*reader, plaintext);
  add(device_.account, whatsapp::message::wrap_device_sent(plaintext, to.to_string()));
  stanza.add_child(std::move(participants));
}

/// The key goes to every device that has not got it; a device that has it and reads no more makes it void.
void VirtualDevice::add_sender_key_ciphers(Node& stanza, const Jid& chat, Addressing form,
                                           const std::vector<Account*>& readers, base::ByteView plaintext) {
  GroupKeys& keys = groups_[chat.to_string()];
  std::set<std::string> present;
  for (const Account* reader : readers) {
    for (const auto& [id, target] : reader->devices) present.insert(reader->lid(id).to_string());
  }
  const bool somebody_left = !std::ranges::includes(present, keys.shared_with);
  if (keys.own.own() == nullptr || somebody_left) keys.rotate(world_.random());
  const auto distribution = whatsapp::signal::distribution_message(keys.own);
  if (!distribution) return;
  const base::Bytes share = sender_key_share(chat.to_string(), *distribution);

  Node participants("participants");
  for (const Account* reader : readers) {
    for (const auto& [id, target] : reader->devices) {
      if (target.get() == &device_) continue;
      if (!keys.shared_with.insert(reader->lid(id).to_string()).second) continue;
      if (auto enc = encrypt_for(*target, share))
        participants.add_child(Node("to").with("jid", reader->jid(form, id)).add(*std::move(enc)));
    }
  }
  const auto sealed = whatsapp::signal::group_encrypt(
      keys.own, whatsapp::message::pad(plaintext, world_.random()), world_.random());
  if (!participants.children().empty()) stanza.add_child(std::move(participants));
  if (sealed) stanza.add_child(enc_node("skmsg", *sealed));
}

bool VirtualDevice::begin_session(Device& target) {
  const auto bundle = world_.server().pre_keys().take_bundle(target);
  if (!bundle) return false;
  Peer& known = peer(target);
  if (!whatsapp::signal::start_session(known.sessions, *bundle, identity_, world_.random())) return false;
  known.identity = bundle->identity;
  return true;
}

bool VirtualDevice::begin_session_from(Device& target, const Node& receipt) {
  const auto bundle = bundle_of(receipt);
  if (!bundle) return false;
  Peer& known = peer(target);
  if (!whatsapp::signal::start_session(known.sessions, *bundle, identity_, world_.random())) return false;
  known.identity = bundle->identity;
  return true;
}

std::optional<Node> VirtualDevice::encrypt_for(Device& target, base::ByteView plaintext) {
  Peer& known = peer(target);
  if (!known.sessions.can_encrypt(known.identity) && !begin_session(target)) return std::nullopt;
  auto sealed = whatsapp::signal::encrypt(known.sessions, whatsapp::message::pad(plaintext, world_.random()));
  if (!sealed) return std::nullopt;
  if (corruptions_ > 0 && &target.account != &device_.account) {
    --corruptions_;
    sealed->bytes.back() ^= 0x01;
  }
  return enc_node(whatsapp::signal::to_string(sealed->kind), std::move(sealed->bytes));
}

void VirtualDevice::answer_retry(const Node& receipt) {
  const auto id = receipt.attr("id");
  const auto from = receipt.jid("from");
  const Node* retry = receipt.child("retry");
  const auto requester = receipt.jid("participant").value_or(from.value_or(Jid{}));
  Device* target = world_.server().directory().device(requester);
  const auto sent = std::ranges::find(sent_, id.value_or(""), &Sent::id);
  if (retry == nullptr || target == nullptr || sent == sent_.end() || !from) return;
  const auto count = retry->number("count").value_or(1);
  person_.note_receipt(*id, "retry");

  const bool by_sender_key = sent->to.is_group() || sent->to.is_status();
  GroupKeys* keys = by_sender_key ? &groups_[sent->to.to_string()] : nullptr;
  const Group* group = world_.server().directory().group(sent->to);
  if (group != nullptr && group->member(target->account) == nullptr) {  // asks for what it must not read
    keys->rotate(world_.random());
    return;
  }
  if (!begin_session_from(*target, receipt) && count >= 2) begin_session(*target);

  base::Bytes content = sent->plaintext;
  if (keys != nullptr) {
    const auto distribution = whatsapp::signal::distribution_message(keys->own);
    if (distribution) {
      // Protobuf messages merge when written one behind the other.
      base::append(content, sender_key_share(sent->to.to_string(), *distribution));
      keys->shared_with.insert(target->account.lid(target->id).to_string());
    }
  } else if (&target->account == &device_.account && sent->audience == Sent::Audience::kChat) {
    content = whatsapp::message::wrap_device_sent(content, sent->to.to_string());
  }
  auto enc = encrypt_for(*target, content);
  if (!enc) return;
  enc->set("count", std::to_string(count));
  say(resend_stanza(*sent, receipt, requester, *std::move(enc)));
}

Node VirtualDevice::resend_stanza(const Sent& sent, const Node& receipt, const Jid& requester,
                                  Node enc) const {
  Node stanza = Node("message").with("id", sent.id).with("type", sent.marks.type);
  if (!sent.marks.edit.empty()) stanza.set("edit", sent.marks.edit);
  if (sent.audience == Sent::Audience::kPeer) stanza.set("category", std::string{"peer"});
  if (sent.to.is_group() || sent.to.server() == Server::kBroadcast) {
    stanza.set("to", sent.to);
    stanza.set("participant", requester);
  } else {
    stanza.set("to", receipt.jid("from").value_or(sent.to));
    stanza.set("device_fanout", std::string{"false"});
    if (const auto recipient = receipt.jid("recipient")) stanza.set("recipient", *recipient);
  }
  const bool begins = enc.attr_is("type", "pkmsg");
  stanza.add_child(std::move(enc));
  if (!sent.marks.media_type.empty()) set_media_type(stanza, sent.marks.media_type);
  if (begins && !device_.device_identity.empty())
    stanza.add_child(Node("device-identity").bytes(base::ByteView{device_.device_identity}));
  return stanza;
}

}  // namespace simulator
