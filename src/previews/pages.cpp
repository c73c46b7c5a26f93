#include "previews/pages.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace previews {
namespace {

constexpr std::size_t kMost = 64u << 20;
constexpr std::uint32_t kMostPages = 100'000;

/// The largest number after "/Count " in `text`; and how many "/Type /Page" there are.
void look_through(std::string_view text, std::uint32_t& largest) {
  constexpr std::string_view kCount = "/Count";
  for (std::size_t at = text.find(kCount); at != std::string_view::npos; at = text.find(kCount, at + 1)) {
    std::size_t digits = at + kCount.size();
    while (digits < text.size() && (text[digits] == ' ' || text[digits] == '\n' || text[digits] == '\r'))
      ++digits;
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data() + digits, text.data() + text.size(), count);
    if (error == std::errc{} && end != text.data() + text.size() && count <= kMostPages)
      largest = std::max(largest, count);
  }
}

}  // namespace

std::uint32_t pdf_pages(int file) {
  constexpr std::size_t kOverlap = 32;  // a count may lie across two reads
  std::uint32_t largest = 0;
  std::string window;
  std::array<char, 65'536> bytes{};
  for (std::size_t total = 0; total < kMost;) {
    const ssize_t got = ::read(file, bytes.data(), bytes.size());
    if (got <= 0) break;
    total += static_cast<std::size_t>(got);
    window.append(bytes.data(), static_cast<std::size_t>(got));
    look_through(window, largest);
    if (window.size() > kOverlap) window.erase(0, window.size() - kOverlap);
  }
  return largest;
}

}  // namespace previews
