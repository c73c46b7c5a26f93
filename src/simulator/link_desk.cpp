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

/// Tries of one code before its request is forgotten.
constexpr int kMaxCodeAttempts = 3;

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

Result<void> LinkDesk::scan(Account& account, const QrContent& qr) {
  for (const auto& [id, session] : waiting_) {
    const Registration& registration = *session->registration();
    if (registration.identity != qr.identity || session->noise != qr.noise) continue;
    const auto ref = std::ranges::find(registration.refs, qr.ref, &Registration::Ref::text);
    if (ref == registration.refs.end()) continue;
    if (state_.timers.loop().clock().now() > ref->valid_until)
      return fail(ErrorCode::kTimeout, "that QR has expired");
    return make_offer(*session, account, qr.adv_secret);
  }
  return fail(ErrorCode::kNotFound, "no connection waits with that QR");
}

Result<void> LinkDesk::make_offer(Session& session, Account& account,
                                  const whatsapp::pairing::AdvSecret& secret) {
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
  const whatsapp::pairing::DeviceDetails details{
      .raw_id = account.raw_id,
      .timestamp = static_cast<std::uint64_t>(state_.now()),
      .key_index = offer.key_index,
  };
  offer.container = whatsapp::pairing::make_identity_container(account.identity, details,
                                                               registration.identity, secret, state_.random);
  const SessionId id = session.id;
  offer.expiry = state_.timers.after(state_.settings.pairing.answer_timeout,
                                     [this, id] { state_.end(id, std::nullopt); });
  session.send(iq_from_server(offer.iq_id, "md")
                   .with("t", state_.now())
                   .add(Node("pair-success")
                            .add(Node("device-identity").bytes(base::ByteView{offer.container}))
                            .add(Node("device")
                                     .with("jid", account.pn(offer.device))
                                     .with("lid", account.lid(offer.device)))
                            .add(Node("platform").with("name", account.platform))));
  registration.offer = std::move(offer);
  return {};
}

bool LinkDesk::on_iq(Session& session, const Node& iq) {
  const Registration& registration = *session.registration();
  if (iq.attr_is("type", "result") || iq.attr_is("type", "error")) {
    if (registration.offer && iq.attr_is("id", registration.offer->iq_id)) on_answer(session, iq);
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
  auto device = std::make_unique<Device>(account, registration.offer->device);
  device->noise = session.noise;
  device->key_index = registration.offer->key_index;
  device->device_identity = std::move(device_identity);
  device->linked_at = state_.now();
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
  state_.end(session.id, Node("stream:error").with("code", 515));
  state_.changed();
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

// ---- linking by code --------------------------------------------------------------------------------

void LinkDesk::on_link_code(Session& session, const Node& iq, const Node& request) {
  Node::Children answer;
  int error = 400;
  if (request.attr_is("stage", "companion_hello")) {
    error = on_companion_hello(session, request, answer);
  } else if (request.attr_is("stage", "companion_finish")) {
    error = on_companion_finish(session, request);
  } else if (request.attr_is("stage", "get_country_code")) {
    answer.push_back(Node("country_code").with("iso", "BR"));
    error = 0;
  }
  Node reply = Node("iq").with("from", Jid::service()).with("id", iq.attr("id"));
  if (error != 0) {
    session.send(std::move(reply).with("type", "error").add(Node("error").with("code", error)));
  } else {
    session.send(std::move(reply).with("type", "result").add(std::move(answer)));
  }
  // What the phone signs goes out behind the answer to the companion's last step.
  Registration& registration = *session.registration();
  if (error != 0 || !request.attr_is("stage", "companion_finish") || !registration.code) return;
  Account& account = *registration.code->account;
  const auto secret =
      whatsapp::pairing::open_key_bundle(*registration.code->hello, account.identity, registration.identity,
                                         *request.child_bytes("link_code_pairing_wrapped_key_bundle"));
  if (!secret) {
    registration.code->hello.reset();  // a wrong code: it may be typed again
    if (registration.code->attempts >= kMaxCodeAttempts) registration.code.reset();
    return;
  }
  registration.code.reset();
  (void)make_offer(session, account, *secret);
}

int LinkDesk::on_companion_hello(Session& session, const Node& request, Node::Children& answer) {
  const auto jid = request.jid("jid");
  const auto wrapped = request.child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub");
  const auto noise = request.child_bytes("companion_server_auth_key_pub");
  const auto platform = request.child_bytes("companion_platform_id");
  const auto display = request.child_bytes("companion_platform_display");
  Account* account = jid ? state_.directory.account(*jid) : nullptr;
  if (account == nullptr) return 404;
  if (!wrapped || wrapped->size() != whatsapp::pairing::kWrappedEphemeralSize || !noise ||
      !std::ranges::equal(*noise, session.noise))
    return 400;
  if (!platform || platform->empty() || base::as_text(*platform) == "0" || !display || display->empty() ||
      display->size() > 100)
    return 400;
  Registration::CodeRequest code;
  code.account = account;
  code.ref = "2@" + base::to_base64(state_.random.bytes<32>(), base::Base64::kUrlNoPadding);
  code.wrapped_ephemeral = base::to_bytes(*wrapped);
  answer.push_back(Node("link_code_companion_reg")
                       .with("stage", "companion_hello")
                       .add(Node("link_code_pairing_ref").text(code.ref)));
  session.registration()->code = std::move(code);
  state_.changed();
  return 0;
}

int LinkDesk::on_companion_finish(Session& session, const Node& request) {
  const Registration& registration = *session.registration();
  const auto ref = request.child_bytes("link_code_pairing_ref");
  const auto bundle = request.child_bytes("link_code_pairing_wrapped_key_bundle");
  const auto identity = request.child_bytes("companion_identity_public");
  if (!registration.code || !registration.code->hello || !ref ||
      base::as_text(*ref) != registration.code->ref)
    return 404;
  if (!bundle || bundle->size() != whatsapp::pairing::kWrappedBundleSize || !identity ||
      !std::ranges::equal(*identity, registration.identity))
    return 400;
  return 0;
}

Result<void> LinkDesk::enter_code(Account& account, std::string_view typed) {
  WA_TRY(const std::string code, whatsapp::pairing::normalise_code(typed));
  for (const auto& [id, session] : waiting_) {
    auto& request = session->registration()->code;
    if (!request || request->account != &account) continue;
    WA_TRY(auto hello,
           whatsapp::pairing::answer_companion_hello(code, request->wrapped_ephemeral, state_.random));
    ++request->attempts;
    session->send(
        Node("notification")
            .with("from", Jid::service())
            .with("type", "link_code_companion_reg")
            .with("id", state_.next_id())
            .with("t", state_.now())
            .add(Node("link_code_companion_reg")
                     .with("stage", "primary_hello")
                     .add(Node("link_code_pairing_ref").text(request->ref))
                     .add(Node("link_code_pairing_wrapped_primary_ephemeral_pub")
                              .bytes(base::ByteView{hello.wrapped_ephemeral}))
                     .add(Node("primary_identity_pub").bytes(base::ByteView{account.identity.public_key}))));
    request->hello = std::move(hello);
    return {};
  }
  return fail(ErrorCode::kNotFound, "no companion asked for a code of this number");
}

}  // namespace simulator
