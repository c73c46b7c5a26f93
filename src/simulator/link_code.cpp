// Linking by the eight-character code: the server relays between companion and phone (spec 03 §8, §15.6).
#include <algorithm>

#include "base/encoding.h"
#include "simulator/link_desk.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// Tries of one code before its request is forgotten.
constexpr int kMaxCodeAttempts = 3;
/// Within which the codes of a number are counted.
constexpr base::Duration kCodeWindow{600'000};

}  // namespace

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
  (void)proceed(session, account, *secret, LinkFault::kNone);
}

int LinkDesk::on_companion_hello(Session& session, const Node& request, Node::Children& answer) {
  const auto jid = request.jid("jid");
  const auto wrapped = request.child_bytes("link_code_pairing_wrapped_companion_ephemeral_pub");
  const auto noise = request.child_bytes("companion_server_auth_key_pub");
  const auto platform = request.child_bytes("companion_platform_id");
  const auto display = request.child_bytes("companion_platform_display");
  Account* account = jid ? state_.directory.account(*jid) : nullptr;
  if (state_.settings.pairing.hello_error != 0) return state_.settings.pairing.hello_error;
  // A phone that is not there cannot show anything.
  if (account == nullptr || account->device(0)->session == nullptr) return 404;
  if (!wrapped || wrapped->size() != whatsapp::pairing::kWrappedEphemeralSize || !noise ||
      !std::ranges::equal(*noise, session.noise))
    return 400;
  if (!platform || platform->empty() || base::as_text(*platform) == "0" || !display || display->empty() ||
      display->size() > 100)
    return 400;
  const auto now = state_.timers.loop().clock().now();
  auto& recent = code_requests_[account];
  while (!recent.empty() && recent.front() + kCodeWindow < now) recent.pop_front();
  recent.push_back(now);
  if (recent.size() > static_cast<std::size_t>(state_.settings.pairing.codes_per_number)) return 429;
  Registration::CodeRequest code;
  code.valid_until = now + state_.settings.pairing.code_life;
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
  if (state_.settings.pairing.finish_error != 0) return state_.settings.pairing.finish_error;
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

Result<void> LinkDesk::enter_code(Account& account, std::string_view typed, CodeFault fault) {
  WA_TRY(const std::string code, whatsapp::pairing::normalise_code(typed));
  for (const auto& [id, session] : waiting_) {
    auto& request = session->registration()->code;
    if (!request || request->account != &account) continue;
    if (request->valid_until < state_.timers.loop().clock().now()) {
      request.reset();
      return fail(ErrorCode::kTimeout, "that code has expired");
    }
    WA_TRY(auto hello,
           whatsapp::pairing::answer_companion_hello(code, request->wrapped_ephemeral, state_.random));
    ++request->attempts;
    base::Bytes wrapped = hello.wrapped_ephemeral;
    if (fault == CodeFault::kShortEphemeral) wrapped.pop_back();
    const crypto::PublicKey identity =
        fault == CodeFault::kLowOrderKey ? crypto::PublicKey{} : account.identity.public_key;
    session->send(Node("notification")
                      .with("from", Jid::service())
                      .with("type", "link_code_companion_reg")
                      .with("id", state_.next_id())
                      .with("t", state_.now())
                      .add(Node("link_code_companion_reg")
                               .with("stage", "primary_hello")
                               .add(Node("link_code_pairing_ref")
                                        .text(fault == CodeFault::kForeignRef ? "2@foreign" : request->ref))
                               .add(Node("link_code_pairing_wrapped_primary_ephemeral_pub")
                                        .bytes(base::ByteView{wrapped}))
                               .add(Node("primary_identity_pub").bytes(base::ByteView{identity}))));
    request->hello = std::move(hello);
    return {};
  }
  return fail(ErrorCode::kNotFound, "no companion asked for a code of this number");
}

Result<void> LinkDesk::refresh_code(Account& account, Refresh refresh) {
  for (const auto& [id, session] : waiting_) {
    auto& request = session->registration()->code;
    if (!request || request->account != &account) continue;
    session->send(Node("notification")
                      .with("from", Jid::service())
                      .with("type", "link_code_companion_reg")
                      .with("id", state_.next_id())
                      .with("t", state_.now())
                      .add(Node("link_code_companion_reg")
                               .with("stage", "refresh_code")
                               .with("force_manual_refresh", refresh == Refresh::kManual ? "true" : "false")
                               .add(Node("link_code_pairing_ref").text(request->ref))));
    request.reset();
    return {};
  }
  return fail(ErrorCode::kNotFound, "no companion asked for a code of this number");
}

void LinkDesk::refresh_registrations(RegistrationRefresh refresh) {
  for (const auto& [id, session] : waiting_) {
    session->send(Node("notification")
                      .with("from", Jid::service())
                      .with("type", "companion_reg_refresh")
                      .with("id", state_.next_id())
                      .with("t", state_.now())
                      .add(Node(refresh == RegistrationRefresh::kQr ? "pair-device-rotate-qr"
                                                                    : "companion_reg_refresh")));
  }
}

std::string LinkDesk::passkey_code(const Account& account) const {
  for (const auto& [id, session] : waiting_) {
    const auto& passkey = session->registration()->passkey;
    if (passkey && passkey->account == &account) return passkey->code;
  }
  return {};
}

}  // namespace simulator
