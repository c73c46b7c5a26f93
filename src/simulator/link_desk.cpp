#include "simulator/link_desk.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "proto/client_payload.pb.h"
#include "proto/pairing.pb.h"
#include "simulator/device_list.h"
#include "whatsapp/signal/keys.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::pairing::QrContent;
using whatsapp::proto::ClientPayload;

base::ByteView view(const std::string& bytes) { return base::as_bytes(bytes); }

std::string version_text(const ClientPayload& payload) {
  const auto& version = payload.user_agent().app_version();
  return std::to_string(version.primary()) + '.' + std::to_string(version.secondary()) + '.' +
         std::to_string(version.tertiary());
}

/// Lengths, the key type, the signature of the signed pre-key, and that the build hash is that of the
/// announced version.
Result<Registration> check_registration(const ClientPayload& payload) {
  const auto& data = payload.device_pairing_data();
  if (payload.has_username()) return fail(ErrorCode::kMalformed, "registration with a username");
  if (data.e_regid().size() != 4 || data.e_keytype() != "\x05" || data.e_ident().size() != 32 ||
      data.e_skey_id().size() != 3 || data.e_skey_val().size() != 32 || data.e_skey_sig().size() != 64 ||
      data.build_hash().size() != 16)
    return fail(ErrorCode::kMalformed, "a field of the pairing data has the wrong size");
  if (!std::ranges::equal(view(data.build_hash()), crypto::md5(base::as_bytes(version_text(payload)))))
    return fail(ErrorCode::kMalformed, "the build hash does not belong to the version");
  whatsapp::proto::DeviceProps props;
  if (!props.ParseFromString(data.device_props())) return fail(ErrorCode::kMalformed, "bad DeviceProps");

  Registration registration;
  registration.props = data.device_props();
  registration.identity = base::to_fixed<32>(view(data.e_ident()));
  registration.registration_id = static_cast<std::uint32_t>(base::read_big_endian(view(data.e_regid())));
  registration.signed_id = static_cast<std::uint32_t>(base::read_big_endian(view(data.e_skey_id())));
  registration.signed_key = base::to_fixed<32>(view(data.e_skey_val()));
  registration.signature = base::to_fixed<64>(view(data.e_skey_sig()));
  if (!whatsapp::signal::verify_signed_pre_key(registration.identity, registration.signed_key,
                                               registration.signature))
    return fail(ErrorCode::kMalformed, "the signed pre-key is not signed by the identity key");
  return registration;
}

Node iq_from_server(std::string_view id, std::string_view xmlns) {
  return Node("iq").with("from", Jid::service()).with("type", "set").with("id", id).with("xmlns", xmlns);
}

}  // namespace

Result<void> LinkDesk::open(Session& session, const ClientPayload& payload) {
  WA_TRY(session.role, check_registration(payload));
  ++state_.counters.registrations;
  waiting_[session.id] = &session;
  offer_refs(session);
  return {};
}

void LinkDesk::offer_refs(Session& session) {
  Registration& registration = *session.registration();
  const PairingSettings& times = state_.settings.pairing;
  auto valid_until = state_.timers.loop().clock().now();
  Node offer("pair-device");
  for (int i = 0; i < times.refs; ++i) {
    valid_until += i == 0 ? times.first_ref : times.later_refs;
    std::string ref = "2@" + base::to_base64(state_.random.bytes<32>(), base::Base64::kUrlNoPadding);
    if (i == 1) ref += times.comma_in_ref;
    offer.add_child(Node("ref").text(ref));
    registration.refs.push_back({std::move(ref), valid_until + times.grace});
  }
  session.send(iq_from_server(state_.next_id(), "md").add(std::move(offer)));
  const SessionId id = session.id;
  registration.expiry = state_.timers.after(
      std::chrono::duration_cast<base::Duration>(valid_until - state_.timers.loop().clock().now()),
      [this, id] { state_.end(id, std::nullopt); });
}

void LinkDesk::on_closed(Session& session) {
  waiting_.erase(session.id);
  if (Registration* registration = session.registration()) {
    state_.timers.cancel(registration->expiry);
    if (registration->offer) state_.timers.cancel(registration->offer->expiry);
  }
}

void LinkDesk::expire_refs() {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : waiting_) ids.push_back(id);
  for (const SessionId id : ids) state_.end(id, std::nullopt);
}

Result<void> LinkDesk::scan(Account& account, const QrContent& qr, LinkFault fault) {
  for (const auto& [id, session] : waiting_) {
    const Registration& registration = *session->registration();
    if (registration.identity != qr.identity || session->noise != qr.noise) continue;
    const auto ref = std::ranges::find(registration.refs, qr.ref, &Registration::Ref::text);
    if (ref == registration.refs.end()) continue;
    if (state_.timers.loop().clock().now() > ref->valid_until)
      return fail(ErrorCode::kTimeout, "that QR has expired");
    return proceed(*session, account, qr.adv_secret, fault);
  }
  return fail(ErrorCode::kNotFound, "no connection waits with that QR");
}

Result<void> LinkDesk::proceed(Session& session, Account& account, const whatsapp::pairing::AdvSecret& secret,
                               LinkFault fault) {
  if (state_.settings.pairing.passkey == PairingSettings::PasskeyDemand::kNever)
    return make_offer(session, account, secret, fault);
  if (session.registration()->passkey)
    return fail(ErrorCode::kConflict, "that companion is being linked already");
  passkeys_.demand(session, account, secret);
  return {};
}

Result<void> LinkDesk::make_offer(Session& session, Account& account,
                                  const whatsapp::pairing::AdvSecret& secret, LinkFault fault) {
  Registration& registration = *session.registration();
  if (registration.offer) return fail(ErrorCode::kConflict, "that companion is being linked already");
  if (account.next_device > std::numeric_limits<std::uint8_t>::max())
    return fail(ErrorCode::kLimit, "the account has used up its device numbers");
  registration.refs.clear();
  state_.timers.cancel(registration.expiry);

  Registration::Offer offer;
  offer.account = &account;
  offer.device = account.next_device++;
  offer.key_index = ++account.current_index;
  offer.iq_id = state_.next_id();
  offer.fault = fault;
  offer.container = sign_companion(account, registration.identity, offer.key_index, secret, fault);
  offer.expiry = state_.timers.after(state_.settings.pairing.answer_timeout,
                                     [this, id = session.id] { state_.end(id, std::nullopt); });
  const Node success = pair_success(account, offer);
  registration.offer = std::move(offer);
  if (fault == LinkFault::kEarlySuccess) session.send(Node("success").with("t", state_.now()));
  session.send(success);
  if (fault == LinkFault::kTwice) session.send(success);
  return {};
}

base::Bytes LinkDesk::sign_companion(const Account& account, crypto::PublicKey identity,
                                     std::uint32_t key_index, whatsapp::pairing::AdvSecret secret,
                                     LinkFault fault) {
  const whatsapp::pairing::DeviceDetails details{
      .raw_id = account.raw_id,
      .timestamp = static_cast<std::uint64_t>(state_.now()),
      .key_index = key_index,
  };
  if (fault == LinkFault::kWrongHmac) secret.mutable_bytes()[0] ^= 0x01;
  if (fault == LinkFault::kWrongSignature) identity[0] ^= 0x01;
  base::Bytes container =
      whatsapp::pairing::make_identity_container(account.identity, details, identity, secret, state_.random);
  if (fault == LinkFault::kTruncated) container.resize(container.size() - 7);
  return container;
}

Node LinkDesk::pair_success(const Account& account, const Registration::Offer& offer) const {
  Node success = Node("pair-success")
                     .add(Node("device-identity").bytes(base::ByteView{offer.container}))
                     .add(Node("platform").with("name", account.platform));
  if (offer.fault != LinkFault::kNoDevice)
    success.add_child(
        Node("device").with("jid", account.pn(offer.device)).with("lid", account.lid(offer.device)));
  return iq_from_server(offer.iq_id, "md").with("t", state_.now()).add(std::move(success));
}

bool LinkDesk::on_iq(Session& session, const Node& iq) {
  const Registration& registration = *session.registration();
  if (iq.attr_is("type", "result") || iq.attr_is("type", "error")) {
    if (registration.offer && iq.attr_is("id", registration.offer->iq_id)) on_answer(session, iq);
    return true;
  }
  if (const auto step = passkeys_.on_iq(session, iq)) {
    if (step->secret)
      (void)make_offer(session, *registration.passkey->account, *step->secret, LinkFault::kNone);
    return true;
  }
  const Node* request = iq.child("link_code_companion_reg");
  if (request == nullptr) return false;
  on_link_code(session, iq, *request);
  return true;
}

void LinkDesk::on_answer(Session& session, const Node& answer) {
  const Registration& registration = *session.registration();
  const Registration::Offer& offer = *registration.offer;
  if (offer.account->device(offer.device) != nullptr) return;  // the second answer of two
  const Node* sign = answer.child("pair-device-sign");
  const Node* identity = sign == nullptr ? nullptr : sign->child("device-identity");
  if (identity == nullptr) {
    state_.report("registration", "pairing_refused", "the companion did not sign");
    state_.end(session.id, std::nullopt);
    return;
  }
  auto reply = whatsapp::pairing::check_signed_reply(
      identity->bytes(), offer.container, offer.account->identity.public_key, registration.identity);
  if (!reply || identity->number("key-index") != offer.key_index) {
    state_.report("registration", "bad_device_signature", reply ? "wrong key-index" : reply.error().message);
    state_.end(session.id, std::nullopt);
    return;
  }
  reply->account_signature_key = offer.account->identity.public_key;
  commit(session, reply->encode());
}

void LinkDesk::commit(Session& session, base::Bytes device_identity) {
  const Registration& registration = *session.registration();
  Account& account = *registration.offer->account;
  const LinkFault fault = registration.offer->fault;
  auto device = std::make_unique<Device>(account, registration.offer->device);
  device->noise = session.noise;
  device->key_index = registration.offer->key_index;
  device->device_identity = std::move(device_identity);
  device->linked_at = state_.now();
  device->props = registration.props;
  device->keys.identity = registration.identity;
  device->keys.registration_id = registration.registration_id;
  device->keys.signed_id = registration.signed_id;
  device->keys.signed_key = registration.signed_key;
  device->keys.signature = registration.signature;
  const std::uint16_t id = device->id;
  const std::uint32_t key_index = device->key_index;
  account.devices[id] = std::move(device);
  ++state_.counters.links;
  sign_key_indexes(state_, account);
  tell_device_change(state_, delivery_, account, DeviceChange::kAdded, id, key_index);
  state_.changed();
  if (fault == LinkFault::kNoRestart) {
    state_.timers.cancel(session.registration()->offer->expiry);
  } else if (fault == LinkFault::kCloseOnly) {
    state_.end(session.id, std::nullopt);
  } else {
    state_.end(session.id, Node("stream:error").with("code", 515));
  }
}

void LinkDesk::remove(Account& account, std::uint16_t id) {
  const auto found = account.devices.find(id);
  if (found == account.devices.end() || id == 0) return;
  const std::uint32_t key_index = found->second->key_index;
  if (Session* session = found->second->session) {
    state_.end(session->id,
               Node("stream:error").with("code", 401).add(Node("conflict").with("type", "device_removed")));
  }
  state_.retire(std::move(found->second));
  account.devices.erase(found);
  sign_key_indexes(state_, account);
  tell_device_change(state_, delivery_, account, DeviceChange::kRemoved, id, key_index);
  state_.changed();
}

}  // namespace simulator
