// Time as a parameter. Everything with backoff, TTL or jitter takes a Clock, so that a test can play
// an hour in a millisecond.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace base {

using Duration = std::chrono::milliseconds;

class Clock {
 public:
  /// Monotonic: for deadlines, intervals and leases. Its zero means nothing.
  using time_point = std::chrono::steady_clock::time_point;
  /// Calendar time, which may jump: for protocol timestamps and logs.
  using wall_time = std::chrono::sys_time<std::chrono::milliseconds>;

  virtual ~Clock() = default;
  [[nodiscard]] virtual time_point now() const = 0;
  [[nodiscard]] virtual wall_time wall_now() const = 0;

  /// Unix seconds, as WhatsApp writes them.
  [[nodiscard]] std::int64_t unix_seconds() const;
  [[nodiscard]] std::int64_t unix_millis() const;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] time_point now() const override;
  [[nodiscard]] wall_time wall_now() const override;
};

/// A clock that moves only when told to. Whoever sleeps on it (the event loop) is told of each move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(wall_time start = wall_time{std::chrono::seconds{1'760'000'000}}) : wall_(start) {}

  [[nodiscard]] time_point now() const override { return steady_; }
  [[nodiscard]] wall_time wall_now() const override { return wall_; }

  void advance(Duration by);
  /// The wall clock alone jumps, as after an NTP correction.
  void jump_wall(Duration by) { wall_ += by; }
  void on_advance(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  time_point steady_{std::chrono::hours{1}};
  wall_time wall_;
  std::function<void()> listener_;
};

}  // namespace base
