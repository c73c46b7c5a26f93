// Secret bytes of any length, wiped when they go.
#pragma once

#include <sodium.h>

#include <utility>

#include "base/bytes.h"

namespace whatsapp::signal {

class SecretBuffer {
 public:
  SecretBuffer() = default;
  explicit SecretBuffer(base::Bytes bytes) : bytes_(std::move(bytes)) {}
  SecretBuffer(const SecretBuffer&) = default;
  SecretBuffer(SecretBuffer&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  SecretBuffer& operator=(SecretBuffer other) noexcept {
    bytes_.swap(other.bytes_);
    return *this;
  }
  ~SecretBuffer() { sodium_memzero(bytes_.data(), bytes_.size()); }

  [[nodiscard]] base::ByteView view() const { return bytes_; }

 private:
  base::Bytes bytes_;
};

}  // namespace whatsapp::signal
