// How often an account may ask for a pairing code: one per connection, not again for a while after the server
// said "too often" (5 minutes, doubling up to 2 hours), and never again for a number that it refused as such.
// Lives with the account, not with the connection. Spec 03 §8.3.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "base/clock.h"

namespace whatsapp {

class CodeBudget {
 public:
  explicit CodeBudget(const base::Clock& clock) : clock_(clock) {}

  [[nodiscard]] bool allows() const { return !not_before_ || clock_.now() >= *not_before_; }
  void refused_as_too_often() {
    not_before_ = clock_.now() + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
  }
  /// The word that told why this number gets no code; empty: none so far.
  [[nodiscard]] const std::string& refused_for_good() const { return refused_; }
  void refuse_for_good(std::string reason) { refused_ = std::move(reason); }

 private:
  static constexpr base::Duration kLongestPause{2 * 3'600'000};

  const base::Clock& clock_;
  base::Duration pause_{300'000};
  std::optional<base::Clock::time_point> not_before_;
  std::string refused_;
};

}  // namespace whatsapp
