// Keeps one account connected: connects, tells the edge what happens, waits and connects again, until it is
// cancelled or the account's auth state has become useless. What it cannot do itself, putting that state
// aside and starting over, it returns as a verdict to its owner, who holds the store.
//
//   CONNECTING ── open ──▶ CONNECTED ── end ──▶ DISCONNECTED ── backoff ──▶ CONNECTING …
//
// A device that nobody links after some rounds of codes is parked: DISCONNECTED, no connection, no timer,
// until the edge asks again (pair(), or another description of the instance, or a restart).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "base/log.h"
#include "connection/bad_mac_breaker.h"
#include "connection/reconnect_policy.h"
#include "edge/status_reporter.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"

namespace worker {

struct ConnectionSettings {
  std::string instance_id;
  whatsapp::ClientSettings client;
  BadMacSettings bad_mac;
  ReconnectSettings reconnect;
  /// The newest web version known, asked before each connection; empty: client.version for ever. Called on
  /// any shard.
  std::function<whatsapp::WebVersion()> web_version;
  /// Told when the server refuses the version as too old. Called on any shard; may be empty.
  std::function<void()> version_refused;
  /// Unlink the device, and link no other while this is so.
  enum class Wish { kLinked, kLoggedOut } wish = Wish::kLinked;
  /// A changed number lets an instance that was logged out by command link again.
  std::int64_t pairing_round = 0;
  /// Rounds of codes (about 160 s each) that nobody uses, then the instance is parked.
  std::size_t pairing_rounds = 6;
  /// Also draw each QR on standard output (`make run`).
  enum class TerminalQr { kNo, kYes } terminal_qr = TerminalQr::kNo;
};

/// Counts for /metrics; shared by the connections of a shard. All callbacks may be empty.
struct ConnectionMetrics {
  std::function<void(const std::string& reason)> closed;
  std::function<void()> reconnected;
  std::function<void(whatsapp::signal::DecryptError)> decrypt_failed;
  std::function<void(std::string_view direction)> retry_receipt;  // "in", "out"
  std::function<void(std::string_view kind, std::string_view result)> query;
};

struct ConnectionDependencies {
  runtime::EventLoop& loop;
  runtime::WebSocketConnector& connector;
  whatsapp::AccountStore& store;
  base::Random& random;
  edge::StatusReporter& reporter;
  whatsapp::MessageSink& sink;
  base::Log log;
  std::optional<std::uint64_t> fence;
  ConnectionMetrics metrics;
  /// Told at each change of the state below.
  std::function<void()> on_state;
};

/// run() was cancelled.
struct RunStopped {};
/// The device is unlinked, its session invalid or its Signal store broken: put it aside and link again, no
/// earlier than `cooldown` from now.
struct AuthUseless {
  std::string reason;
  base::Duration cooldown{0};
  /// Unlinked by command: the next life of the instance waits until it is asked to link.
  std::optional<std::int64_t> held_in_round{};
};
using RunVerdict = std::variant<RunStopped, AuthUseless>;

class ConnectionRunner final : private whatsapp::ClientObserver {
 public:
  enum class State { kConnecting, kConnected, kDisconnected };

  ConnectionRunner(ConnectionDependencies dependencies, ConnectionSettings settings);
  ~ConnectionRunner() override;

  /// Until cancelled or the auth state is useless. The final DISCONNECTED of a cancelled run is the owner's.
  runtime::Task<RunVerdict> run();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] whatsapp::Client& client() { return client_; }
  /// Asked to link: a parked instance begins anew. Nothing happens to one that is not parked.
  void pair();
  /// Unlinks the device; afterwards the instance waits to be asked, pair() or another pairing_round.
  /// kConflict: it is not linked. kUnavailable: not connected, so that the server cannot be told.
  base::Result<void> log_out();

  /// Own device JID as text; empty until the device is linked.
  [[nodiscard]] const std::string& own_jid() const { return own_jid_; }

  /// Name under which the earliest time of a new pairing is kept in the store, Unix milliseconds as text.
  static constexpr const char* kPairingNotBefore = "pairing_not_before";
  /// Name under which the pairing_round is kept in which the device was logged out by command.
  static constexpr const char* kPairingHeld = "pairing_held";

 private:
  void on_qr(const std::string& text, base::Duration valid_for) override;
  void on_pairing_code(const std::string& code, base::Duration valid_for) override;
  void on_no_pairing_code(const std::string& reason) override;
  void on_pairing_code_typed() override;
  void on_passkey(const whatsapp::PasskeyNews& news) override;
  void on_paired(const whatsapp::Self& self) override;
  void on_open(const whatsapp::Self& self) override;
  void on_synced() override;
  void on_decrypt_failure(const whatsapp::DecryptFailure& failure) override;
  void on_decrypt_repaired(const std::string& message_id) override;
  void on_retry_receipt(RetryReceipt which) override;
  void on_query(std::string_view kind, std::string_view result) override;

  runtime::Task<base::Result<void>> wait_for_pairing_cooldown();
  runtime::Task<base::Result<bool>> is_linked();  // also learns own_jid_
  runtime::Task<std::optional<RunVerdict>> connect_once();
  runtime::Task<std::optional<RunVerdict>> follow(Decision decision, whatsapp::Ended ended);
  runtime::Task<std::optional<RunVerdict>> wait_until(base::Clock::time_point when);
  runtime::Task<base::Result<void>> wait_while_unwanted();
  runtime::Task<base::Result<void>> park(std::string reason);

  void set_state(State state);
  void report_connecting();
  void report_offer();
  void report_disconnected(const std::string& reason, int code, std::optional<base::Duration> retry_in);
  void report(edge::StatusUpdate update);

  ConnectionDependencies with_;
  ConnectionSettings settings_;
  ReconnectPolicy policy_;
  BadMacBreaker breaker_;
  State state_ = State::kDisconnected;
  std::string own_jid_;
  bool breaker_tripped_ = false;
  bool logged_out_by_command_ = false;
  std::size_t unused_rounds_ = 0;                     // of codes, in a row
  runtime::OneShot<runtime::Done>* asked_ = nullptr;  // while parked
  /// What is on display for linking: each status says all of it, because the newest replaces the others.
  struct Offer {
    std::string qr, qr_image, code, passkey;
    std::string why_no_code;
  } offer_;
  whatsapp::Client client_;  // last: it calls back into the members above
};

}  // namespace worker
