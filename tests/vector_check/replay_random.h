// Randomness that was drawn before: gives out the listed bytes, in order, and nothing else.
#pragma once

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "base/random.h"

namespace vector_check {

class ReplayRandom final : public base::Random {
 public:
  void give(base::ByteView bytes) { drawn_.insert(drawn_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] bool used_up() const { return drawn_.empty(); }

  void fill(base::MutableByteView out) override {
    if (drawn_.size() < out.size()) throw std::runtime_error("draws more randomness than the vector did");
    const auto end = drawn_.begin() + static_cast<std::ptrdiff_t>(out.size());
    std::copy(drawn_.begin(), end, out.begin());
    drawn_.erase(drawn_.begin(), end);
  }

 private:
  std::deque<std::uint8_t> drawn_;
};

}  // namespace vector_check
