#include "whatsapp/client/pairing/passkey_linking.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "runtime/json.h"
#include "whatsapp/pairing/companion_platform.h"
#include "whatsapp/pairing/pairing_code.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;

constexpr std::size_t kLongestJson = 64 * 1024;
constexpr std::size_t kLongestRef = 1'024;
constexpr std::size_t kLongestCredentialId = 1'024;

bool is_challenge(std::string_view text) {
  if (text.empty() || text.size() > kLongestJson) return false;
  const auto json = runtime::parse_json(text);
  return json && json->is_object() && json->contains("challenge");
}

/// How long the challenge itself says that it is good for.
base::Duration patience_of(const std::string& challenge, base::Duration longest) {
  const auto json = runtime::parse_json(challenge);
  const auto timeout = json ? json->find("timeout") : nlohmann::json::const_iterator{};
  if (!json || timeout == json->end() || !timeout->is_number_integer()) return longest;
  const auto given = std::clamp<std::int64_t>(timeout->get<std::int64_t>(), 10'000, longest.count());
  return base::Duration{given};
}

Result<base::Bytes> credential_id_of(const std::string& assertion) {
  if (assertion.size() > kLongestJson) return fail(ErrorCode::kInvalidArgument, "the assertion is too long");
  const auto json = runtime::parse_json(assertion);
  if (!json || !json->is_object())
    return fail(ErrorCode::kInvalidArgument, "the assertion is no JSON object");
  for (const char* name : {"rawId", "id"}) {
    const auto field = json->find(name);
    if (field == json->end() || !field->is_string()) continue;
    auto id = base::from_base64(field->get<std::string>(), base::Base64::kUrlNoPadding);
    if (id && !id->empty() && id->size() <= kLongestCredentialId) return id;
  }
  return fail(ErrorCode::kInvalidArgument, "the assertion has no rawId in base64url");
}

std::unexpected<base::Error> not_asked() {
  return fail(ErrorCode::kConflict, "nobody waits for that: the linking has not asked, or has ended");
}

}  // namespace

PasskeyLinking::PasskeyLinking(PasskeyLinkingDependencies dependencies, PasskeyLinkingSettings settings)
    : with_(std::move(dependencies)),
      settings_(settings),
      assertion_(with_.loop),
      continuation_(with_.loop),
      confirmation_(with_.loop) {}

runtime::Task<void> PasskeyLinking::run(Node request) {
  if (std::exchange(at_work_, true)) co_return;
  // What the scan agreed on proves that this linking is that one; what follows has a secret of its own.
  handoff_ = pairing::passkey_handoff_key(with_.device.credentials().adv_secret);
  asked_at_ = with_.loop.clock().now();
  with_.device.rotate_adv_secret();
  const auto linked = co_await link(std::move(request));
  awaited_ = Awaited::kNothing;
  if (linked || linked.error().code == ErrorCode::kClosed || linked.error().code == ErrorCode::kCancelled)
    co_return;
  const bool late = linked.error().code == ErrorCode::kTimeout;
  with_.fail(late ? "passkey_timeout" : "passkey_failed", linked.error().message);
}

runtime::Task<Result<void>> PasskeyLinking::link(Node request) {
  WA_CO_TRY(const std::string challenge, co_await challenge_of(std::move(request)));
  const base::Duration patience = patience_of(challenge, settings_.longest_wait);
  awaited_ = Awaited::kAssertion;
  PasskeyNews wanted;
  wanted.challenge = challenge;
  wanted.valid_for = patience;
  with_.tell(wanted);
  auto assertion = co_await assertion_.wait_for(patience);
  awaited_ = Awaited::kNothing;
  if (!assertion && assertion.error().code == ErrorCode::kTimeout)
    co_return fail(ErrorCode::kTimeout, "nobody signed with the account's passkey in time");
  if (!assertion) co_return fail(assertion.error());
  WA_CO_TRY_VOID(co_await send_prologue(*std::move(assertion)));
  WA_CO_TRY(auto agreement, co_await agree());
  co_return co_await send_keys(std::move(agreement));
}

runtime::Task<Result<Node>> PasskeyLinking::ask(const char* type, Node child) {
  Node iq =
      Node("iq").with("to", Jid::service()).with("type", type).with("xmlns", "md").add(std::move(child));
  co_return co_await with_.channel.query(std::move(iq), settings_.iq_timeout);
}

/// Usually it comes with the request; otherwise it is asked for.
runtime::Task<Result<std::string>> PasskeyLinking::challenge_of(Node request) {
  const auto given = request.child_bytes("passkey_request_options");
  if (given && is_challenge(base::as_text(*given))) co_return base::to_string(*given);
  WA_CO_TRY(const Node answer, co_await ask("get", Node("passkey_request_options")));
  const auto asked = answer.child_bytes("passkey_request_options");
  if (!asked || !is_challenge(base::as_text(*asked)))
    co_return fail(ErrorCode::kMalformed, "WhatsApp asks for the passkey without a challenge");
  co_return base::to_string(*asked);
}

runtime::Task<Result<std::string>> PasskeyLinking::ask_ref() {
  WA_CO_TRY(const Node answer, co_await ask("get", Node("ref")));
  const auto ref = answer.child_bytes("ref");
  if (!ref || ref->empty() || ref->size() > kLongestRef)
    co_return fail(ErrorCode::kMalformed, "WhatsApp gave no reference for the passkey linking");
  co_return base::to_string(*ref);
}

runtime::Task<Result<void>> PasskeyLinking::send_prologue(Assertion assertion) {
  WA_CO_TRY(const std::string ref, co_await ask_ref());
  const int device_type = pairing::device_props_platform(pairing::Browser::kChrome);
  // Before it is sent: the phone's part may arrive before the server's result.
  prologue_ = pairing::make_prologue(device_type, ref, with_.random);
  Node prologue("passkey_prologue");
  prologue.add_child(Node("credential_id").bytes(assertion.credential_id));
  prologue.add_child(Node("webauthn_assertion").text(assertion.json));
  prologue.add_child(Node("prologue_payload").bytes(prologue_->payload));
  proof_given_ = with_.loop.clock().now() - asked_at_ < settings_.handoff_life;
  if (proof_given_) {
    const auto proof = pairing::handoff_proof(handoff_, prologue_->payload);
    prologue.add_child(Node("pairing_handoff_proof").bytes(base::ByteView{proof}));
  }
  handoff_ = {};
  WA_CO_TRY(const Node answer, co_await ask("set", std::move(prologue)));
  co_return Result<void>{};
}

runtime::Task<Result<pairing::PasskeyAgreement>> PasskeyLinking::agree() {
  auto primary = co_await continuation_.wait_for(settings_.confirmation);
  if (!primary && primary.error().code == ErrorCode::kTimeout)
    co_return fail(ErrorCode::kTimeout, "the phone did not go on with the passkey linking");
  if (!primary) co_return fail(primary.error());
  Node nonce = Node("companion_nonce").bytes(base::ByteView{prologue_->nonce});
  WA_CO_TRY(const Node answer, co_await ask("set", std::move(nonce)));
  co_return pairing::agree_with_primary(*prologue_, *primary);
}

runtime::Task<Result<void>> PasskeyLinking::send_keys(pairing::PasskeyAgreement agreement) {
  PasskeyNews news;
  news.code = pairing::display_code(agreement.check_code);
  news.valid_for = settings_.confirmation;
  if (!proof_given_) {
    // Nothing but the code ties this to the device that scanned: a person has to look.
    awaited_ = Awaited::kConfirmation;
    news.step = PasskeyNews::Step::kConfirmationWanted;
    with_.tell(news);
    const auto same = co_await confirmation_.wait_for(settings_.confirmation);
    awaited_ = Awaited::kNothing;
    if (!same && same.error().code == ErrorCode::kTimeout)
      co_return fail(ErrorCode::kTimeout, "nobody compared the codes of the passkey linking in time");
    if (!same) co_return fail(same.error());
  }
  const auto& own = with_.device.credentials();
  auto request = pairing::encrypt_pairing_request(agreement.key, own.noise.public_key,
                                                  own.identity.public_key, own.adv_secret, with_.random);
  Node sealed = Node("encrypted_pairing_request").bytes(std::move(request));
  news.step = PasskeyNews::Step::kSent;
  with_.tell(news);
  WA_CO_TRY(const Node answer, co_await ask("set", std::move(sealed)));
  co_return Result<void>{};
}

void PasskeyLinking::take_continuation(const Node& notification) {
  const auto bytes = notification.child_bytes("primary_ephemeral_identity");
  if (!prologue_ || !bytes) return;
  auto primary = pairing::read_primary_ephemeral(*bytes);
  if (!primary) return with_.fail("passkey_failed", primary.error().message);
  continuation_.set(*std::move(primary));
}

Result<void> PasskeyLinking::give_assertion(const std::string& json) {
  if (awaited_ != Awaited::kAssertion) return not_asked();
  WA_TRY(auto credential_id, credential_id_of(json));
  awaited_ = Awaited::kNothing;
  assertion_.set(Assertion{json, std::move(credential_id)});
  return {};
}

Result<void> PasskeyLinking::confirm() {
  if (awaited_ != Awaited::kConfirmation) return not_asked();
  awaited_ = Awaited::kNothing;
  confirmation_.set(runtime::Done{});
  return {};
}

}  // namespace whatsapp
