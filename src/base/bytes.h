// Bytes: the currency of every room. Owning buffers, views, and big-endian integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using MutableByteView = std::span<std::uint8_t>;

template <std::size_t N>
using FixedBytes = std::array<std::uint8_t, N>;

/// The bytes of a text, without copying.
inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Bytes seen as text, without copying. The text is not checked to be UTF-8.
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }
inline Bytes to_bytes(std::string_view text) { return to_bytes(as_bytes(text)); }
inline std::string to_string(ByteView view) { return std::string{as_text(view)}; }

/// Copies exactly N bytes; the caller has checked that `view` holds N.
template <std::size_t N>
FixedBytes<N> to_fixed(ByteView view) {
  FixedBytes<N> out{};
  for (std::size_t i = 0; i < N && i < view.size(); ++i) out[i] = view[i];
  return out;
}

inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

/// All parts one after the other: concat(a, b, c).
template <class... Views>
Bytes concat(const Views&... views) {
  Bytes out;
  out.reserve((ByteView{views}.size() + ... + 0));
  (append(out, ByteView{views}), ...);
  return out;
}

/// Big-endian, `Width` bytes (1 to 8).
template <std::size_t Width>
FixedBytes<Width> big_endian(std::uint64_t value) {
  FixedBytes<Width> out{};
  for (std::size_t i = 0; i < Width; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * (Width - 1 - i)));
  return out;
}

/// Reads all of `view` (at most 8 bytes) as a big-endian integer.
inline std::uint64_t read_big_endian(ByteView view) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : view) value = (value << 8) | byte;
  return value;
}

}  // namespace base
