// Auth state that became useless is not deleted but put aside: linking again is expensive for a user, and
// somebody may want to know what happened. AUTH_BASE/<id> moves to AUTH_BASE/.quarantine/<id>-<unix time>
// and is kept for 7 days.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace worker {

class AuthQuarantine {
 public:
  static constexpr std::chrono::hours kKept{7 * 24};

  AuthQuarantine(std::filesystem::path auth_base, const base::Clock& clock)
      : auth_base_(std::move(auth_base)), clock_(clock) {}

  /// The folder a wiped instance's auth state goes to now; it does not exist yet.
  [[nodiscard]] std::filesystem::path place_for(const std::string& instance_id) const;

  /// Deletes what has been kept long enough. Blocking; returns how many folders went.
  base::Result<std::size_t> purge();

 private:
  std::filesystem::path auth_base_;
  const base::Clock& clock_;
};

/// An instance id names a folder and goes into URLs: letters, digits, '-', '_' and '.', 1 to 128 of them,
/// not beginning with a dot.
bool is_valid_instance_id(std::string_view id);

}  // namespace worker
