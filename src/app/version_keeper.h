// Keeps the web version that new connections claim current: the built-in one, or the newest ever seen, which
// is cached under AUTH_BASE so that a restart does not go back; refreshed once a day in the background. A
// fixed WA_VERSION switches all of that off. Never blocks or fails a connection.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>

#include "base/log.h"
#include "runtime/event_loop.h"
#include "runtime/http_client.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/web_version.h"

namespace worker {

class VersionKeeper {
 public:
  enum class Refresh { kDaily, kNever };

  /// `cache_file` is read here; a missing or broken one is as good as none.
  VersionKeeper(std::filesystem::path cache_file, std::string fixed_version);

  /// Newest known. From any thread.
  [[nodiscard]] whatsapp::WebVersion current() const;

  /// Refreshes now, then daily and whenever asked, until cancelled. Returns at once when the version is
  /// fixed.
  runtime::Task<void> keep_fresh(runtime::EventLoop& loop, runtime::HttpClient& http, base::Log log);
  /// On keep_fresh's loop: the server refused the version. At most one refresh in ten minutes comes of it.
  void refresh_soon();

 private:
  void adopt(const whatsapp::WebVersion& found, const base::Log& log);

  std::filesystem::path cache_file_;
  Refresh refresh_;
  mutable std::mutex mutex_;
  whatsapp::WebVersion version_;                    // guarded by mutex_
  runtime::OneShot<runtime::Done>* nap_ = nullptr;  // between two refreshes
  base::Clock::time_point refreshed_at_{};
  base::Clock* clock_ = nullptr;  // of keep_fresh's loop
};

}  // namespace worker
