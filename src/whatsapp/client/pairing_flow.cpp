#include "whatsapp/client/pairing_flow.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/acks.h"
#include "whatsapp/pairing/companion_platform.h"
#include "whatsapp/pairing/qr_text.h"
#include "whatsapp/signal/address.h"

namespace whatsapp {
namespace {

using binary::Jid;
using binary::Node;
using pairing::PairRefusal;

constexpr std::size_t kFullOffer = 6;  // refs in one offer of the server
constexpr std::size_t kMostRefs = 32;
constexpr std::size_t kLongestRef = 1'024;  // bytes

bool is_from_server(const Node& stanza) {
  const auto from = stanza.jid("from");
  return from && from->is_service() && from->server() == binary::Server::kUser;
}

/// Refs become part of a text that a camera reads: printable, or useless.
bool usable(std::string_view ref) {
  return !ref.empty() && ref.size() <= kLongestRef &&
         std::ranges::all_of(ref, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return text;
}

/// What pair-success says about the link, beside the signed identity.
base::Result<store::PairedDevice> read_link(const Node& pair_success) {
  WA_TRY(const Node* device, pair_success.require_child("device"));
  WA_TRY(const Jid pn, device->require_jid("jid"));
  if (!pn.is_pn() || pn.device() == 0 || !pn.numeric_user())
    return base::fail(base::ErrorCode::kMalformed, "the own JID of pair-success is no companion device");
  store::PairedDevice link;
  link.pn = pn.normalized();
  const auto lid = device->jid("lid");
  if (lid && lid->is_lid() && !lid->user().empty()) link.lid = *lid;
  if (const auto* platform = pair_success.child("platform"))
    link.platform = lower_case(platform->attr("name").value_or("").substr(0, 64));
  if (const auto* business = pair_success.child("biz"))
    link.business_name = business->attr("name").value_or("").substr(0, 256);
  return link;
}

/// The phone is device 0 of our own account: its identity key is the one that signed us.
signal::Address phone_address(const store::PairedDevice& link) {
  const bool has_lid = !link.lid.empty();
  return {.user = std::string{has_lid ? link.lid.user() : link.pn.user()},
          .domain = has_lid ? signal::Domain::kLid : signal::Domain::kPn,
          .device = 0};
}

Ended restart_after_pairing(std::string_view message) {
  Ended ended;
  ended.reaction = Reaction::kRetryNow;
  ended.reason = "restart_required";
  ended.code = 515;
  ended.message = message;
  ended.reached = Ended::Reached::kPaired;
  return ended;
}

Ended pairing_end(Reaction reaction, std::string_view reason, std::string_view message, int code = 0) {
  Ended ended;
  ended.reaction = reaction;
  ended.reason = reason;
  ended.code = code;
  ended.message = message;
  ended.reached = Ended::Reached::kPairing;
  return ended;
}

/// The same subscriber, however the number is written: some countries' numbers have an inserted digit.
bool may_be_same_number(std::string_view own, std::string_view expected) {
  constexpr std::size_t kCountry = 2;
  constexpr std::size_t kSubscriber = 8;
  if (own.size() < kSubscriber || expected.size() < kSubscriber) return own == expected;
  return own.substr(0, kCountry) == expected.substr(0, kCountry) &&
         own.substr(own.size() - kSubscriber) == expected.substr(expected.size() - kSubscriber);
}

Ended out_of_refs() { return pairing_end(Reaction::kQrExhausted, "qr_exhausted", "nobody scanned the code"); }

}  // namespace

PairingFlow::PairingFlow(PairingDependencies dependencies, PairingSettings settings)
    : dependencies_(std::move(dependencies)), settings_(settings) {
  timer_ = dependencies_.loop.call_after(settings_.wait_for_refs, [this] {
    timer_ = 0;
    dependencies_.end(pairing_end(Reaction::kRetry, "no_refs", "the server offered no code to scan"));
  });
}

PairingFlow::~PairingFlow() { dependencies_.loop.cancel_timer(timer_); }

base::Result<void> PairingFlow::answer_passkey(const std::string& assertion) {
  if (!passkey_) return base::fail(base::ErrorCode::kConflict, "the passkey was not asked for");
  return passkey_->give_assertion(assertion);
}

base::Result<void> PairingFlow::confirm_passkey() {
  if (!passkey_) return base::fail(base::ErrorCode::kConflict, "the passkey was not asked for");
  return passkey_->confirm();
}

runtime::Task<void> PairingFlow::handle(Node stanza) {
  if (!is_from_server(stanza)) co_return;
  if (stanza.tag() == "notification") take_notification(stanza);
  if (stanza.tag() != "iq" || !stanza.attr_is("type", "set")) co_return;
  if (stanza.child("pair-device") != nullptr) {
    take_refs(stanza);
  } else if (stanza.child("pair-success") != nullptr) {
    co_await finish(std::move(stanza));
  }
}

// ---- showing codes -------------------------------------------------------------------------------------

void PairingFlow::take_refs(const Node& iq) {
  answer_empty(iq);
  if (state_ != State::kWaitingForRefs && state_ != State::kOffering) return;
  dependencies_.device.rotate_adv_secret();
  refs_.clear();
  for (const Node* ref : iq.child("pair-device")->children("ref"))
    if (usable(ref->text()) && refs_.size() < kMostRefs) refs_.emplace_back(ref->text());
  state_ = State::kOffering;
  show_next_ref();
  if (!code_ && !settings_.phone.empty() && state_ == State::kOffering) offer_code();
}

void PairingFlow::show_next_ref() {
  stop_showing();
  if (refs_.empty()) return dependencies_.end(out_of_refs());
  const auto lifetime = refs_.size() == kFullOffer ? settings_.first_ref : settings_.later_ref;
  shown_ref_ = std::move(refs_.front());
  refs_.pop_front();
  shown_until_ = dependencies_.loop.clock().now() + lifetime;
  timer_ = dependencies_.loop.call_at(shown_until_, [this] {
    timer_ = 0;
    show_next_ref();
  });
  show_current_ref();
}

void PairingFlow::show_current_ref() {
  const auto& keys = dependencies_.device.credentials();
  pairing::QrContent content;
  content.ref = shown_ref_;
  content.noise = keys.noise.public_key;
  content.identity = keys.identity.public_key;
  content.adv_secret = keys.adv_secret;
  content.platform = pairing::companion_platform_id(pairing::Browser::kChrome);
  const auto left = shown_until_ - dependencies_.loop.clock().now();
  dependencies_.observer.on_qr(pairing::qr_text(content), std::chrono::duration_cast<base::Duration>(left));
}

void PairingFlow::stop_showing() {
  dependencies_.loop.cancel_timer(std::exchange(timer_, 0));
  shown_ref_.clear();
}

void PairingFlow::take_notification(const Node& notification) {
  const std::string type = notification.attr("type").value_or("");
  if (type == "companion_reg_refresh" && state_ == State::kOffering) {
    dependencies_.device.rotate_adv_secret();
    show_current_ref();
  }
  if (wants_answer(notification)) (void)dependencies_.channel.send(ack_for(notification));
  if (type == "link_code_companion_reg" && code_ && (state_ == State::kOffering || state_ == State::kProving))
    if (const auto* registration = notification.child("link_code_companion_reg"))
      dependencies_.scope.spawn(code_->take(*registration));
  if (type == "passkey_prologue_request") ask_for_passkey(notification);
  if (type == "crsc_continuation" && passkey_) passkey_->take_continuation(notification);
}

// ---- the other ways ------------------------------------------------------------------------------------

void PairingFlow::offer_code() {
  CodeLinkingDependencies parts{.loop = dependencies_.loop,
                                .channel = dependencies_.channel,
                                .device = dependencies_.device,
                                .store = dependencies_.store,
                                .random = dependencies_.random,
                                .budget = dependencies_.code_budget,
                                .log = dependencies_.log,
                                .phone = settings_.phone,
                                .device_name = settings_.device_name};
  CodeLinkingEvents events;
  events.show = [this](const std::string& code, base::Duration valid_for) {
    dependencies_.observer.on_pairing_code(code, valid_for);
  };
  events.none = [this](const std::string& reason) { dependencies_.observer.on_no_pairing_code(reason); };
  events.secret_changed = [this] {
    if (state_ == State::kOffering && !shown_ref_.empty()) show_current_ref();
  };
  events.answered = [this] { code_answered(); };
  code_ = std::make_unique<CodeLinking>(std::move(parts), std::move(events));
  dependencies_.scope.spawn(code_->request());
}

/// The QR shows a secret that no longer holds. If the code was mistyped, the phone says hello again.
void PairingFlow::code_answered() {
  if (state_ != State::kOffering && state_ != State::kProving) return;
  state_ = State::kProving;
  stop_showing();
  refs_.clear();
  dependencies_.observer.on_pairing_code_typed();
  const auto patience = dependencies_.loop.clock().now() + settings_.wait_for_success;
  timer_ = dependencies_.loop.call_at(std::max(patience, code_->valid_until()), [this] {
    timer_ = 0;
    dependencies_.end(pairing_end(Reaction::kQrExhausted, "pairing_code_unconfirmed",
                                  "the phone did not finish the linking by code"));
  });
}

void PairingFlow::ask_for_passkey(const Node& notification) {
  if (state_ != State::kOffering && state_ != State::kProving) return;
  if (settings_.passkey == PasskeyAnswers::kNobody)
    return dependencies_.end(pairing_end(
        Reaction::kQrExhausted, "passkey_unsupported",
        "WhatsApp asks for the passkey of this account, and the edge takes no commands to answer"));
  if (passkey_) return;
  state_ = State::kProving;
  stop_showing();
  refs_.clear();
  if (code_) code_->stop();
  PasskeyLinkingDependencies parts{
      .loop = dependencies_.loop,
      .channel = dependencies_.channel,
      .device = dependencies_.device,
      .random = dependencies_.random,
      .log = dependencies_.log,
      .tell = [this](const PasskeyNews& news) { dependencies_.observer.on_passkey(news); },
      .fail =
          [this](const std::string& reason, const std::string& message) {
            const bool late = reason == "passkey_timeout";
            const auto reaction = late ? Reaction::kQrExhausted : Reaction::kRetrySlow;
            dependencies_.end(pairing_end(reaction, reason, message));
          }};
  passkey_ = std::make_unique<PasskeyLinking>(std::move(parts));
  dependencies_.scope.spawn(passkey_->run(notification));
}

/// Whoever asked for a code for one number does not want another one to scan the QR.
bool PairingFlow::is_expected_number(const Jid& own) const {
  if (settings_.phone.empty() || (code_ && code_->answered())) return true;
  std::string digits;
  for (const char c : settings_.phone)
    if (c >= '0' && c <= '9') digits += c;
  return may_be_same_number(own.user(), digits);
}

void PairingFlow::answer_empty(const Node& iq) {
  auto answer = Node("iq").with("to", Jid::service()).with("type", "result").with("id", iq.attr("id"));
  (void)dependencies_.channel.send(answer);
}

// ---- being linked --------------------------------------------------------------------------------------

runtime::Task<void> PairingFlow::finish(Node iq) {
  const bool expected =
      state_ == State::kOffering || state_ == State::kWaitingForRefs || state_ == State::kProving;
  if (!expected) co_return;  // a replay
  state_ = State::kSigning;
  const auto primary = code_ ? code_->primary() : std::nullopt;
  if (code_) code_->stop();
  stop_showing();
  const Node& pair_success = *iq.child("pair-success");
  const auto& keys = dependencies_.device.credentials();
  const auto linked =
      pairing::accept_pair_success(pair_success.child_bytes("device-identity").value_or(base::ByteView{}),
                                   keys.adv_secret, keys.identity, primary, dependencies_.random);
  if (!linked) co_return refuse(iq, linked.error());
  auto link = read_link(pair_success);
  if (!link) co_return refuse(iq, {PairRefusal::Code::kInternalError, link.error().message});
  if (!is_expected_number(link->pn))
    co_return refuse(iq,
                     {PairRefusal::Code::kInternalError, "another number than the expected one was linked"});
  const auto stored = co_await store_link(*linked, *std::move(link));
  if (!stored) co_return refuse(iq, {PairRefusal::Code::kInternalError, "the link could not be stored"});

  auto signature = Node("device-identity").with("key-index", linked->details.key_index).bytes(linked->reply);
  auto answer = Node("iq")
                    .with("to", Jid::service())
                    .with("type", "result")
                    .with("id", iq.attr("id"))
                    .add(Node("pair-device-sign").add(std::move(signature)));
  const auto written = dependencies_.channel.send(answer);
  if (!written) co_return co_await unlink_again();
  state_ = State::kLinked;
  timer_ = dependencies_.loop.call_after(settings_.wait_for_restart, [this] {
    timer_ = 0;
    dependencies_.end(restart_after_pairing("linked; the server did not ask for the restart"));
  });
  dependencies_.observer.on_paired(dependencies_.device.self());
}

runtime::Task<base::Result<void>> PairingFlow::store_link(const pairing::LinkedIdentity& linked,
                                                          store::PairedDevice link) {
  link.account_identity = linked.stored;
  link.paired_at = dependencies_.channel.server_time();
  store::Changes changes;
  changes.identities.emplace_back(phone_address(link), store::IdentityRow{.key = linked.account_signature_key,
                                                                          .updated_at = link.paired_at});
  if (!link.lid.empty())
    changes.lid_mappings.push_back({std::string{link.pn.user()}, std::string{link.lid.user()}});
  auto add_link = [&link](store::DeviceCredentials& record) {
    record.paired = std::move(link);
    record.login_count = 0;
  };
  dependencies_.device.change(changes, add_link);
  const auto stored = co_await dependencies_.store.commit(std::move(changes));
  if (!stored) dependencies_.device.forget_link();
  co_return stored;
}

/// The connection was lost before our signature was written: the server does not know the link.
runtime::Task<void> PairingFlow::unlink_again() {
  store::Changes changes;
  dependencies_.device.forget_link();
  changes.credentials = dependencies_.device.credentials();
  (void)co_await dependencies_.store.commit(std::move(changes));
  state_ = State::kRefused;
}

void PairingFlow::refuse(const Node& iq, const PairRefusal& refusal) {
  state_ = State::kRefused;
  auto error = Node("error").with("code", refusal.number()).with("text", refusal.text());
  auto answer = Node("iq")
                    .with("to", Jid::service())
                    .with("type", "error")
                    .with("id", iq.attr("id"))
                    .add(std::move(error));
  (void)dependencies_.channel.send(answer);
  dependencies_.log.warn("the link was refused", {{"why", refusal.reason}});
  dependencies_.end(pairing_end(Reaction::kRetry, "pairing_refused", refusal.reason, refusal.number()));
}

// ---- how it ended --------------------------------------------------------------------------------------

Ended PairingFlow::conclude(Ended ended) {
  ended = refine(std::move(ended));
  stop_showing();
  if (code_) code_->stop();
  return ended;
}

Ended PairingFlow::refine(Ended ended) const {
  if (ended.reached == Ended::Reached::kPaired) return ended;
  const bool without_a_word = ended.reason == "connection_lost" || ended.reason == "stream_end";
  if (state_ == State::kLinked) {
    if (without_a_word) return restart_after_pairing("linked; the server closed the connection");
    ended.reached = Ended::Reached::kPaired;
    return ended;
  }
  ended.reached = state_ == State::kWaitingForRefs ? Ended::Reached::kNothing : Ended::Reached::kPairing;
  const bool last_ref_shown = state_ == State::kOffering && refs_.empty();
  return last_ref_shown && without_a_word ? out_of_refs() : ended;
}

}  // namespace whatsapp
