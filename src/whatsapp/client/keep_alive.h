// Is the other side still there? A TCP connection can be dead for hours without an error. Any inbound byte is
// a sign of life; silence is asked about with a ping, and silence after the ping is death.
//
//   - after a random 20 to 30 s of inbound silence: ping; a busy connection is never pinged
//   - 10 s after a request of ours on a silent connection: ping, whoever else is waiting
//   - 20 s after a ping without a byte: dead
//   - 3 min of pings without an answer, although bytes come: dead
//
// So a dead connection is noticed within 50 s of its last byte, and within 30 s of a request (spec 01 §18).
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

struct KeepAliveSettings {
  base::Duration shortest_silence{20'000};
  base::Duration longest_silence{30'000};
  base::Duration silence_after_request{10'000};
  base::Duration answer_deadline{20'000};
  base::Duration longest_without_answer{180'000};
};

/// One per connection; its times begin with it.
class KeepAlive {
 public:
  KeepAlive(runtime::EventLoop& loop, base::Random& random, KeepAliveSettings settings);

  /// Bytes came in.
  void on_input();
  /// Something was sent that the server must answer.
  void on_request();

  /// Pings through `channel` as long as it should; kTimeout when the connection is dead. kClosed and
  /// kCancelled when it ended otherwise.
  runtime::Task<base::Error> watch(StanzaChannel& channel);

 private:
  using Time = base::Clock::time_point;

  [[nodiscard]] Time next_ping() const;
  base::Duration draw_silence();
  runtime::Task<base::Result<void>> wait_for_silence();
  runtime::Task<base::Result<void>> ping(StanzaChannel& channel);

  runtime::EventLoop& loop_;
  base::Random& random_;
  KeepAliveSettings settings_;
  Time last_input_;
  base::Duration silence_;                // this round's patience
  std::optional<Time> first_request_;     // since the last input
  std::optional<Time> unanswered_since_;  // the first of the pings that got no answer
  runtime::OneShot<runtime::Done>* sleeper_ = nullptr;
};

}  // namespace whatsapp
