#include "whatsapp/client/pairing/code_linking.h"

#include <utility>

#include "runtime/one_shot.h"
#include "whatsapp/client/pairing/drawn_random.h"
#include "whatsapp/pairing/companion_platform.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Jid;
using binary::Node;

constexpr const char* kRegistration = "link_code_companion_reg";
constexpr std::size_t kFewestDigits = 7;
constexpr std::size_t kMostDigits = 15;
constexpr std::size_t kLongestRef = 1'024;
constexpr std::size_t kHelloDraws = 32 + 32 + 16;   // ephemeral key, salt, iv
constexpr std::size_t kFinishDraws = 32 + 32 + 12;  // random part, salt, nonce
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;
constexpr int kTooOften = 429;

/// International form: digits, no leading zero. Empty: it is no such number.
std::string international(std::string_view phone) {
  std::string digits;
  for (const char c : phone)
    if (c >= '0' && c <= '9') digits += c;
  const bool plausible =
      digits.size() >= kFewestDigits && digits.size() <= kMostDigits && digits.front() != '0';
  return plausible ? digits : std::string{};
}

bool is_end(const base::Error& error) {
  return error.code == ErrorCode::kClosed || error.code == ErrorCode::kCancelled;
}

Node stage(std::string_view name, const std::string& digits) {
  return Node(kRegistration).with("jid", Jid{digits, binary::Server::kUser}).with("stage", name);
}

Node to_server(Node registration) {
  return Node("iq")
      .with("to", Jid::service())
      .with("type", "set")
      .with("xmlns", "md")
      .add(std::move(registration));
}

}  // namespace

CodeLinking::CodeLinking(CodeLinkingDependencies dependencies, CodeLinkingEvents events,
                         CodeLinkingSettings settings)
    : with_(std::move(dependencies)),
      events_(std::move(events)),
      settings_(settings),
      digits_(international(with_.phone)) {}

CodeLinking::~CodeLinking() { stop(); }

void CodeLinking::stop() {
  stopped_ = true;
  with_.loop.cancel_timer(std::exchange(expiry_, 0));
  code_.reset();
}

// ---- asking for a code ---------------------------------------------------------------------------------

runtime::Task<void> CodeLinking::request() {
  if (stopped_ || primary_) co_return;
  if (digits_.empty()) co_return lose("pairing_phone_invalid");
  if (!with_.budget.refused_for_good().empty()) co_return lose(with_.budget.refused_for_good());
  if (!with_.budget.allows()) co_return lose("pairing_code_limited");

  with_.device.rotate_adv_secret();
  events_.secret_changed();
  const std::string text = pairing::generate_code(with_.random);
  const auto created = with_.loop.clock().now();
  DrawnRandom drawn(with_.random, kHelloDraws);
  const auto make = [&] { return pairing::make_companion_hello(text, drawn); };
  const pairing::CompanionHello hello = co_await with_.store.compute(make);
  auto answer = co_await say_hello(hello.wrapped_ephemeral);
  if (stopped_) co_return;
  if (!answer) co_return take_refusal(answer.error());
  const Node* registration = answer->child(kRegistration);
  const auto ref =
      registration != nullptr ? registration->child_bytes("link_code_pairing_ref") : std::nullopt;
  if (!ref || ref->empty() || ref->size() > kLongestRef) co_return lose("pairing_code_unavailable");

  code_ = Code{text, hello.ephemeral, base::to_bytes(*ref), 0};
  valid_until_ = created + settings_.lifetime;
  with_.loop.cancel_timer(expiry_);
  expiry_ = with_.loop.call_at(valid_until_, [this] {
    expiry_ = 0;
    lose("pairing_code_expired");
  });
  const auto left = std::chrono::duration_cast<base::Duration>(valid_until_ - with_.loop.clock().now());
  events_.show(pairing::display_code(text), left);
}

runtime::Task<base::Result<Node>> CodeLinking::say_hello(base::Bytes wrapped_ephemeral) {
  const auto browser = pairing::Browser::kChrome;
  const base::Bytes nonce{0};
  const auto& noise = with_.device.credentials().noise.public_key;
  auto hello = stage("companion_hello", digits_)
                   .with("should_show_push_notification", "true")
                   .add(Node("link_code_pairing_wrapped_companion_ephemeral_pub").bytes(wrapped_ephemeral))
                   .add(Node("companion_server_auth_key_pub").bytes(base::ByteView{noise}))
                   .add(Node("companion_platform_id").text(pairing::companion_platform_id(browser)))
                   .add(Node("companion_platform_display")
                            .text(pairing::companion_platform_display(browser, with_.device_name)))
                   .add(Node("link_code_pairing_nonce").bytes(nonce));
  const Node question = to_server(std::move(hello));
  auto answer = co_await with_.channel.query(question, settings_.iq_timeout);
  const bool worth_a_retry =
      !answer && (answer.error().code == ErrorCode::kTimeout ||
                  (answer.error().code == ErrorCode::kRejected && answer.error().detail >= 500));
  if (!worth_a_retry) co_return answer;
  const auto waited = co_await runtime::sleep_for(with_.loop, settings_.retry_after);
  if (!waited) co_return base::fail(waited.error());
  co_return co_await with_.channel.query(question, settings_.iq_timeout);
}

void CodeLinking::take_refusal(const base::Error& error) {
  if (is_end(error)) return;
  with_.log.warn("no pairing code", {{"code", error.detail}, {"error", error.message}});
  const bool answered = error.code == ErrorCode::kRejected;
  if (answered && error.detail == kTooOften) {
    with_.budget.refused_as_too_often();
    return lose("pairing_code_limited");
  }
  if (answered && (error.detail == kBadRequest || error.detail == kNotFound)) {
    with_.budget.refuse_for_good("pairing_phone_refused");
    return lose("pairing_phone_refused");
  }
  lose("pairing_code_unavailable");
}

void CodeLinking::lose(std::string reason) {
  with_.loop.cancel_timer(std::exchange(expiry_, 0));
  code_.reset();
  if (!stopped_) events_.none(reason);
}

// ---- the phone answers ---------------------------------------------------------------------------------

runtime::Task<void> CodeLinking::take(Node registration) {
  const std::string stage_name = registration.attr("stage").value_or("");
  const auto ref = registration.child_bytes("link_code_pairing_ref");
  if (stopped_ || !code_) co_return;
  if (!ref || base::as_text(*ref) != base::as_text(code_->ref)) {
    with_.log.warn("a pairing code that is not ours was typed", {{"stage", stage_name}});
    co_return;
  }
  if (stage_name == "primary_hello") co_await answer_hello(std::move(registration));
  if (stage_name == "refresh_code") co_await refresh(std::move(registration));
}

runtime::Task<void> CodeLinking::answer_hello(Node registration) {
  if (work_ == Work::kAnswering) co_return;
  if (++code_->hellos > settings_.most_hellos) co_return lose("pairing_code_attempts");
  const auto wrapped = registration.child_bytes("link_code_pairing_wrapped_primary_ephemeral_pub");
  const auto identity = registration.child_bytes("primary_identity_pub");
  if (!wrapped || wrapped->size() < pairing::kWrappedEphemeralSize || !identity) {
    with_.log.warn("the phone's answer to the pairing code is not complete");
    co_return;
  }
  work_ = Work::kAnswering;
  const Code code = *code_;  // it may expire meanwhile
  const crypto::KeyPair own = with_.device.credentials().identity;
  DrawnRandom drawn(with_.random, kFinishDraws);
  const base::ByteView ephemeral = wrapped->first(pairing::kWrappedEphemeralSize);
  const auto answer = [&] {
    return pairing::answer_primary_hello(code.text, code.ephemeral, own, ephemeral, *identity, drawn);
  };
  const auto finish = co_await with_.store.compute(answer);
  work_ = Work::kIdle;
  if (stopped_ || !code_) co_return;
  if (!finish) {
    with_.log.warn("the phone's answer to the pairing code cannot be used",
                   {{"error", finish.error().message}});
    co_return;
  }
  // Before it is sent: pair-success may overtake the server's result.
  with_.device.use_adv_secret(finish->adv_secret);
  primary_ = finish->primary_identity;
  auto stanza = stage("companion_finish", digits_)
                    .add(Node("link_code_pairing_wrapped_key_bundle").bytes(finish->wrapped_key_bundle))
                    .add(Node("companion_identity_public").bytes(base::ByteView{own.public_key}))
                    .add(Node("link_code_pairing_ref").bytes(code.ref));
  events_.answered();
  Node question = to_server(std::move(stanza));
  const auto result = co_await with_.channel.query(std::move(question), settings_.iq_timeout);
  if (!result && !is_end(result.error()))
    with_.log.warn("the server did not take our answer to the phone", {{"code", result.error().detail}});
}

runtime::Task<void> CodeLinking::refresh(Node registration) {
  const auto now = with_.loop.clock().now();
  const bool too_soon = last_refresh_ && now - *last_refresh_ < settings_.refresh_every;
  const bool by_hand = registration.attr_is("force_manual_refresh", "true");
  if (primary_) co_return;
  lose("pairing_code_expired");
  if (by_hand || too_soon) co_return;
  last_refresh_ = now;
  co_await request();
}

}  // namespace whatsapp
