// One run of a client: a connection, what is done on it, and why it ended. A session either links the device
// or logs it in; it is made for one connection and never used again, so nothing of it outlives the
// connection: its tasks run in its own scope, which is closed before run() returns.
#pragma once

#include <memory>
#include <optional>

#include "base/log.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/binary/iq.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/connection.h"
#include "whatsapp/client/keep_alive.h"
#include "whatsapp/client/message_desk.h"
#include "whatsapp/client/offline_delivery.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pairing_flow.h"
#include "whatsapp/client/pre_key_keeper.h"
#include "whatsapp/client/stanza_dispatcher.h"

namespace whatsapp {

/// The long-lived parts of the account that a session works with.
struct SessionDependencies {
  const ClientDependencies& client;
  const ClientSettings& settings;
  binary::RequestIds& ids;
  OwnDevice& device;
  PreKeyKeeper& pre_keys;
  MessageDesk& desk;
  CodeBudget& code_budget;
};

class Session final : private ConnectionListener, private StanzaHandler {
 public:
  explicit Session(SessionDependencies dependencies);
  ~Session() override;

  /// From dial to end, once. When the caller's scope closes, the session ends as "stopped".
  runtime::Task<Ended> run();
  /// Ends soon as "stopped": first what is handled gets its answer written, at most 2 s.
  void stop();
  /// The linking under way. kConflict: there is none.
  base::Result<PairingFlow*> pairing();
  /// Begins to unlink this device; the session ends as "logged_out_by_request" when it is done. kClosed.
  base::Result<void> log_out();
  [[nodiscard]] bool is_open() const { return progress_ == Progress::kOpen && !ended_; }

 private:
  enum class Progress { kDialing, kLinking, kLoggingIn, kLoggedIn, kOpen };

  void on_stanza(binary::Node stanza) override;
  void on_lost(Ended ended) override { end(std::move(ended)); }
  runtime::Task<void> handle(binary::Node stanza) override;

  runtime::Task<void> dial();
  base::Result<DialRequest> dial_request() const;
  void begin_linking();
  runtime::Task<void> watch();
  void take_success(const binary::Node& success);
  runtime::Task<void> log_in(store::Changes changes);
  void take_bulletin(const binary::Node& bulletin);
  void take_bulletin_item(const binary::Node& item);
  runtime::Task<void> unlink();
  runtime::Task<void> settle_and_end();
  runtime::Task<void> settle();
  void end(Ended ended);

  SessionDependencies dependencies_;
  const ClientDependencies& client_;
  const ClientSettings& settings_;
  Progress progress_ = Progress::kDialing;
  std::optional<Ended> ended_;
  bool logging_out_ = false;
  runtime::OneShot<runtime::Done> over_;
  runtime::OneShot<runtime::Done> settled_;
  std::optional<base::Clock::time_point> flush_deadline_;
  runtime::EventLoop::TimerId first_stanza_timer_ = 0;
  KeepAlive life_;
  StanzaDispatcher dispatcher_;
  Connection connection_;
  std::unique_ptr<PairingFlow> pairing_;      // while the device is not linked
  std::unique_ptr<OfflineDelivery> offline_;  // once logged in
  runtime::TaskScope scope_;
};

}  // namespace whatsapp
