// Random bytes drawn beforehand, for a computation on another thread: the account's generator belongs to the
// loop. Whoever makes one knows how many bytes the computation draws; drawing more is a bug and throws.
#pragma once

#include <sodium.h>

#include <stdexcept>

#include "base/random.h"

namespace whatsapp {

class DrawnRandom final : public base::Random {
 public:
  DrawnRandom(base::Random& source, std::size_t count) : bytes_(source.bytes(count)) {}
  DrawnRandom(const DrawnRandom&) = delete;
  DrawnRandom& operator=(const DrawnRandom&) = delete;
  ~DrawnRandom() override { sodium_memzero(bytes_.data(), bytes_.size()); }

  void fill(base::MutableByteView out) override {
    if (out.size() > bytes_.size() - at_) throw std::logic_error("more random bytes drawn than announced");
    for (auto& byte : out) byte = bytes_[at_++];
  }

 private:
  base::Bytes bytes_;
  std::size_t at_ = 0;
};

}  // namespace whatsapp
