// The live connection as the parts of the message desk see it: it is there or it is not. Work that touches
// it holds a Use, and detach() waits until all of that has ended, so nothing that began on one connection
// can go on with the next.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/message_desk.h"

namespace whatsapp {

class CurrentConnection {
 public:
  CurrentConnection(runtime::EventLoop& loop, base::Log log, base::Duration iq_timeout);
  ~CurrentConnection();
  CurrentConnection(const CurrentConnection&) = delete;
  CurrentConnection& operator=(const CurrentConnection&) = delete;

  void attach(LiveConnection connection);
  /// From now on everything here fails with kClosed; returns when background work and uses have ended.
  runtime::Task<void> detach();
  [[nodiscard]] bool attached() const { return live_.has_value() && !closing_ && !given_up_; }

  /// Counts the holder among those that detach() waits for.
  class Use {
   public:
    explicit Use(CurrentConnection& connection) : connection_(connection) { ++connection_.uses_; }
    ~Use() { connection_.use_ended(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    CurrentConnection& connection_;
  };

  // Only while attached, or inside a Use that began while attached.
  [[nodiscard]] const Self& self() const { return live_->self; }
  [[nodiscard]] const store::DeviceCredentials& credentials() const { return live_->credentials; }
  /// Our own name changed; the caller commits `changes`.
  void rename_self(const std::string& push_name, store::Changes& changes);
  /// Background work of this connection; cancelled and awaited by detach().
  [[nodiscard]] runtime::TaskScope& scope() { return *scope_; }

  /// Server time while attached, else our own clock's.
  [[nodiscard]] std::int64_t unix_seconds() const;

  base::Result<void> send(const binary::Node& stanza);
  base::Result<void> send_encoded(base::ByteView stanza);
  runtime::Task<base::Result<binary::Node>> query(binary::Node iq);
  /// A refusal is an answer too (see StanzaChannel).
  runtime::Task<base::Result<binary::Node>> exchange(binary::Node iq);
  /// Null when not attached.
  std::unique_ptr<PendingAck> expect_ack(const std::string& id);
  /// Waits; kClosed as soon as the connection ends.
  runtime::Task<base::Result<void>> pause(base::Duration delay);
  /// Waits for `event`, which somebody sets; kClosed as soon as the connection ends.
  runtime::Task<base::Result<void>> await_event(runtime::OneShot<runtime::Done>& event);

  /// How many stanzas wait for their answer.
  void answer_expected() { ++answers_expected_; }
  void answer_given();
  /// Returns when none does, or the connection ends.
  runtime::Task<void> all_answered();

  /// The store failed: asks the owner to close, so that the server delivers again what is unanswered.
  void give_up(base::Error reason);

 private:
  void use_ended();

  runtime::EventLoop& loop_;
  base::Log log_;
  base::Duration iq_timeout_;
  std::optional<LiveConnection> live_;
  std::unique_ptr<runtime::TaskScope> scope_;
  bool closing_ = false;
  bool given_up_ = false;
  std::size_t uses_ = 0;
  runtime::OneShot<runtime::Done>* all_uses_ended_ = nullptr;
  std::size_t answers_expected_ = 0;
  runtime::OneShot<runtime::Done>* all_answered_ = nullptr;
};

}  // namespace whatsapp
