#include "connection/auth_quarantine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace worker {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kFolder = ".quarantine";

/// The unix time at the end of "<id>-<time>" or "<id>-<time>.<n>"; nothing if the name is not ours.
std::optional<std::int64_t> time_in_name(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view digits = name.substr(dash + 1, name.find('.', dash) - dash - 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

fs::path AuthQuarantine::place_for(const std::string& instance_id) const {
  const fs::path folder = auth_base_ / kFolder;
  const std::string name = fmt::format("{}-{}", instance_id, clock_.unix_seconds());
  std::error_code ignored;
  fs::path place = folder / name;
  for (int n = 2; fs::exists(place, ignored); ++n) place = folder / fmt::format("{}.{}", name, n);
  return place;
}

base::Result<std::size_t> AuthQuarantine::purge() {
  std::error_code error;
  if (!fs::exists(auth_base_ / kFolder, error)) return 0;
  const std::int64_t horizon =
      clock_.unix_seconds() - std::chrono::duration_cast<std::chrono::seconds>(kKept).count();
  std::size_t gone = 0;
  for (const auto& entry : fs::directory_iterator(auth_base_ / kFolder, error)) {
    const auto put_there = time_in_name(entry.path().filename().string());
    if (!put_there || *put_there > horizon) continue;
    std::error_code remove_error;
    fs::remove_all(entry.path(), remove_error);
    if (!remove_error) ++gone;
  }
  if (error) return base::fail(base::ErrorCode::kIo, "quarantine cannot be read: " + error.message());
  return gone;
}

bool is_valid_instance_id(std::string_view id) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !id.empty() && id.size() <= 128 && id.front() != '.' && std::all_of(id.begin(), id.end(), legal);
}

}  // namespace worker
