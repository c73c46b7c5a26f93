#include "connection/connection_runner.h"

#include <charconv>
#include <cstdio>
#include <utility>

#include "connection/passkey_status.h"
#include "connection/qr_image.h"
#include "whatsapp/client/pairing/unlink.h"

namespace worker {

using base::ErrorCode;
using runtime::Task;
using whatsapp::Ended;

namespace {

std::int64_t number_in(const base::Bytes& text) {
  std::int64_t value = 0;
  const std::string_view digits = base::as_text(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace

ConnectionRunner::ConnectionRunner(ConnectionDependencies dependencies, ConnectionSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      policy_(settings_.reconnect, with_.loop.clock(), with_.random),
      breaker_(settings_.bad_mac, with_.loop.clock()),
      client_({with_.loop, with_.connector, with_.store, with_.random, *this, with_.sink, with_.log},
              settings_.client) {}

ConnectionRunner::~ConnectionRunner() = default;

Task<RunVerdict> ConnectionRunner::run() {
  (void)co_await is_linked();
  const auto waited = co_await wait_for_pairing_cooldown();
  if (!waited && waited.error().code == ErrorCode::kCancelled) co_return RunStopped{};
  const auto wanted = co_await wait_while_unwanted();
  if (!wanted && wanted.error().code == ErrorCode::kCancelled) co_return RunStopped{};
  for (;;) {
    auto verdict = co_await connect_once();
    if (verdict) co_return std::move(*verdict);
  }
}

// After the breaker tripped, no QR may be shown before the cooldown is over, across restarts too.
Task<base::Result<void>> ConnectionRunner::wait_for_pairing_cooldown() {
  const auto load = [](whatsapp::store::DeviceStore& store) { return store.value(kPairingNotBefore); };
  WA_CO_TRY(const auto stored, co_await with_.store.read(load));
  if (!stored) co_return base::Result<void>{};
  const base::Duration left{number_in(*stored) - with_.loop.clock().unix_millis()};
  if (left <= base::Duration{0}) co_return base::Result<void>{};
  WA_CO_TRY(const bool linked, co_await is_linked());
  if (linked) co_return base::Result<void>{};
  report_disconnected("pairing_cooldown", 0, left);
  co_return co_await runtime::sleep_for(with_.loop, left);
}

// Logged out by request: no link is offered until somebody wants one.
Task<base::Result<void>> ConnectionRunner::wait_while_unwanted() {
  WA_CO_TRY(const bool linked, co_await is_linked());
  if (linked) co_return base::Result<void>{};
  // Nothing but another description of the instance ends this wish, and that begins another run.
  const std::string unwanted = whatsapp::kLoggedOutByRequest;
  while (settings_.wish == ConnectionSettings::Wish::kLoggedOut) WA_CO_TRY_VOID(co_await park(unwanted));
  const auto load = [](whatsapp::store::DeviceStore& store) { return store.value(kPairingHeld); };
  WA_CO_TRY(const auto held, co_await with_.store.read(load));
  if (!held) co_return base::Result<void>{};
  const std::int64_t round = number_in(*held);
  if (round == settings_.pairing_round) WA_CO_TRY_VOID(co_await park(unwanted));
  whatsapp::store::Changes changes;
  changes.values.emplace_back(kPairingHeld, std::nullopt);
  co_return co_await with_.store.commit(std::move(changes));
}

/// Until asked; kCancelled.
Task<base::Result<void>> ConnectionRunner::park(std::string reason) {
  report_disconnected(reason, 0, std::nullopt);
  with_.log.info("waiting to be asked to link", {{"reason", reason}});
  runtime::OneShot<runtime::Done> asked(with_.loop);
  asked_ = &asked;
  const auto woken = co_await asked.wait();
  asked_ = nullptr;
  if (!woken) co_return base::fail(woken.error());
  unused_rounds_ = 0;
  co_return base::Result<void>{};
}

void ConnectionRunner::pair() {
  if (asked_ != nullptr) asked_->set(runtime::Done{});
}

base::Result<void> ConnectionRunner::log_out() {
  if (own_jid_.empty()) return base::fail(ErrorCode::kConflict, "the instance is not linked");
  const auto begun = client_.log_out();
  if (!begun) return base::fail(ErrorCode::kUnavailable, "the instance is not connected");
  logged_out_by_command_ = true;
  return {};
}

Task<base::Result<bool>> ConnectionRunner::is_linked() {
  const auto load = [](whatsapp::store::DeviceStore& store) { return store.credentials(); };
  WA_CO_TRY(const auto credentials, co_await with_.store.read(load));
  const bool linked = credentials && credentials->paired.has_value();
  own_jid_ = linked ? credentials->paired->pn.to_string() : std::string{};
  co_return linked;
}

Task<std::optional<RunVerdict>> ConnectionRunner::connect_once() {
  breaker_tripped_ = false;
  offer_ = {};
  report_connecting();
  set_state(State::kConnecting);
  if (settings_.web_version) client_.use_version(settings_.web_version());
  Ended ended = co_await client_.run();
  set_state(State::kDisconnected);
  if (ended.reason == "stopped" && !breaker_tripped_) co_return RunStopped{};
  if (with_.metrics.closed) with_.metrics.closed(breaker_tripped_ ? "bad_mac_breaker" : ended.reason);

  if (breaker_tripped_) {
    report_disconnected("bad_mac_breaker", 0, settings_.bad_mac.cooldown);
    co_return AuthUseless{"bad_mac_breaker", settings_.bad_mac.cooldown};
  }
  if (ended.reason == "client_outdated" && settings_.version_refused) settings_.version_refused();
  Decision decision = policy_.after(ended);
  co_return co_await follow(std::move(decision), std::move(ended));
}

Task<std::optional<RunVerdict>> ConnectionRunner::follow(Decision decision, Ended ended) {
  if (const auto* aside = std::get_if<PutAuthAside>(&decision)) {
    const auto linked = co_await is_linked();
    if (linked && *linked) {
      with_.log.warn("the device is no longer linked; its auth state is put aside and a new QR follows",
                     {{"reason", aside->reason}, {"code", ended.code}});
      // Whatever the server calls it: we asked for it.
      const bool wished = settings_.wish == ConnectionSettings::Wish::kLoggedOut || logged_out_by_command_;
      const std::string reason = wished ? whatsapp::kLoggedOutByRequest : aside->reason;
      report_disconnected(reason, ended.code, std::nullopt);
      AuthUseless useless{reason, base::Duration{0}};
      if (std::exchange(logged_out_by_command_, false)) useless.held_in_round = settings_.pairing_round;
      co_return useless;
    }
    // Refused before it was ever linked: there is nothing to put aside, only something to wait for.
    Ended refused = ended;
    refused.reaction = whatsapp::Reaction::kRetrySlow;
    refused.code = 0;
    decision = policy_.after(refused);
  }
  const bool unused_round = ended.reaction == whatsapp::Reaction::kQrExhausted;
  if (unused_round && ++unused_rounds_ >= settings_.pairing_rounds) {
    std::string why = ended.reason;
    if (why == "qr_exhausted") why = "qr_timeout";
    const auto asked = co_await park(std::move(why));
    if (!asked) co_return RunVerdict{RunStopped{}};
    co_return std::nullopt;
  }
  const auto now = with_.loop.clock().now();
  base::Duration delay{0};
  if (const auto* again = std::get_if<ReconnectAfter>(&decision)) delay = again->delay;
  if (const auto* park = std::get_if<Park>(&decision))
    delay = std::chrono::ceil<base::Duration>(park->until - now);

  const bool paired_just_now = ended.reached == Ended::Reached::kPaired && delay == base::Duration{0};
  with_.log.info("connection ended", {{"reason", ended.reason},
                                      {"code", ended.code},
                                      {"retry_in_ms", delay.count()},
                                      {"detail", ended.message}});
  if (!paired_just_now) report_disconnected(ended.reason, ended.code, delay);
  if (with_.metrics.reconnected) with_.metrics.reconnected();
  co_return co_await wait_until(now + delay);
}

Task<std::optional<RunVerdict>> ConnectionRunner::wait_until(base::Clock::time_point when) {
  const auto slept = co_await runtime::sleep_until(with_.loop, when);
  if (!slept) co_return RunVerdict{RunStopped{}};
  co_return std::nullopt;
}

void ConnectionRunner::on_qr(const std::string& text, base::Duration valid_for) {
  const auto image = qr_data_url(text);
  if (!image) {
    with_.log.error("the QR cannot be drawn", {{"error", image.error().message}});
    return;
  }
  offer_.qr = text;
  offer_.qr_image = *image;
  report_offer();
  with_.log.info("a QR waits to be scanned", {{"valid_for_s", valid_for.count() / 1000}});
  if (settings_.terminal_qr == ConnectionSettings::TerminalQr::kYes) {
    if (const auto drawn = qr_terminal(text)) {
      std::fputs(drawn->c_str(), stdout);
      std::fflush(stdout);
    }
  }
}

void ConnectionRunner::on_pairing_code(const std::string& code, base::Duration valid_for) {
  offer_.code = code;
  offer_.why_no_code.clear();
  report_offer();
  with_.log.info("a pairing code waits to be typed", {{"valid_for_s", valid_for.count() / 1000}});
}

void ConnectionRunner::on_no_pairing_code(const std::string& reason) {
  offer_.code.clear();
  offer_.why_no_code = reason;
  report_offer();
  with_.log.warn("no pairing code; the QR goes on", {{"reason", reason}});
}

void ConnectionRunner::on_pairing_code_typed() {
  offer_ = {};
  report_offer();
}

void ConnectionRunner::on_passkey(const whatsapp::PasskeyNews& news) {
  offer_ = {};
  offer_.passkey = passkey_status(news);
  report_offer();
  with_.log.info("WhatsApp wants the account's passkey", {{"valid_for_s", news.valid_for.count() / 1000}});
}

void ConnectionRunner::report_offer() {
  edge::StatusUpdate update;
  update.status = edge::InstanceStatus::kConnecting;
  update.qr_code = offer_.qr_image;
  update.qr = offer_.qr;
  update.pairing_code = offer_.code;
  update.reason = offer_.why_no_code;
  update.passkey_json = offer_.passkey;
  report(std::move(update));
}

void ConnectionRunner::on_paired(const whatsapp::Self& self) {
  own_jid_ = self.pn.to_string();
  offer_ = {};
  unused_rounds_ = 0;
  with_.log.info("linked", {{"jid", base::masked(self.pn.to_string())}});
  // The QR on display has served: the edge shows CONNECTING without one until the login.
  report_connecting();
}

void ConnectionRunner::on_open(const whatsapp::Self& self) {
  own_jid_ = self.pn.to_string();
  policy_.opened();
  unused_rounds_ = 0;
  set_state(State::kConnected);
  edge::StatusUpdate update;
  update.status = edge::InstanceStatus::kConnected;
  update.jid = self.pn.to_string();
  if (!self.lid.user().empty()) update.lid = self.lid.to_string();
  update.push_name = self.push_name;
  report(std::move(update));
  with_.log.info("connected", {{"jid", base::masked(self.pn.to_string())}});
  if (settings_.wish == ConnectionSettings::Wish::kLoggedOut) (void)client_.log_out();
}

void ConnectionRunner::on_synced() { with_.log.debug("the offline queue has been delivered"); }

void ConnectionRunner::on_decrypt_failure(const whatsapp::DecryptFailure& failure) {
  if (with_.metrics.decrypt_failed) with_.metrics.decrypt_failed(failure.error);
  if (breaker_tripped_) return;  // what still arrives while the connection closes
  // Nobody has been asked for it yet: the repair of this one person's session is still to come.
  if (failure.repair == whatsapp::DecryptFailure::Repair::kLater) return;
  const auto verdict = breaker_.record_failure(failure.message_id, failure.peer, failure.error);
  if (verdict == BadMacBreaker::Verdict::kKeepGoing) return;
  breaker_tripped_ = true;
  const auto& limits = settings_.bad_mac;
  with_.log.warn("too many messages could not be decrypted; auth is put aside, a new QR follows",
                 {{"reason", "bad_mac_breaker"},
                  {"failures", limits.threshold},
                  {"window_ms", limits.window.count()},
                  {"next_qr_in_ms", limits.cooldown.count()}});
  client_.disconnect();
}

void ConnectionRunner::on_decrypt_repaired(const std::string& message_id) {
  breaker_.record_repair(message_id);
}

void ConnectionRunner::on_retry_receipt(RetryReceipt which) {
  if (with_.metrics.retry_receipt) with_.metrics.retry_receipt(which == RetryReceipt::kSent ? "out" : "in");
}

void ConnectionRunner::on_query(std::string_view kind, std::string_view result) {
  if (with_.metrics.query) with_.metrics.query(kind, result);
}

void ConnectionRunner::set_state(State state) {
  state_ = state;
  if (with_.on_state) with_.on_state();
}

void ConnectionRunner::report_connecting() {
  edge::StatusUpdate update;
  update.status = edge::InstanceStatus::kConnecting;
  if (policy_.attempts() > 0) update.attempt = static_cast<std::uint32_t>(policy_.attempts());
  report(std::move(update));
}

void ConnectionRunner::report_disconnected(const std::string& reason, int code,
                                           std::optional<base::Duration> retry_in) {
  edge::StatusUpdate update;
  update.status = edge::InstanceStatus::kDisconnected;
  update.reason = reason;
  if (code != 0) update.reason_code = code;
  if (retry_in) update.next_retry_at = with_.loop.clock().wall_now() + *retry_in;
  if (policy_.attempts() > 0) update.attempt = static_cast<std::uint32_t>(policy_.attempts());
  report(std::move(update));
}

void ConnectionRunner::report(edge::StatusUpdate update) {
  update.instance_id = settings_.instance_id;
  update.at = with_.loop.clock().wall_now();
  with_.reporter.report(std::move(update), with_.fence);
}

}  // namespace worker
