#include "app/version_keeper.h"

#include <fstream>

#include "runtime/one_shot.h"

namespace worker {
namespace {

constexpr std::chrono::hours kRefreshEvery{24};
constexpr std::chrono::hours kRetryAfterFailure{1};
constexpr std::chrono::minutes kLeastBetween{10};

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line.substr(0, 64);
}

}  // namespace

VersionKeeper::VersionKeeper(std::filesystem::path cache_file, std::string fixed_version)
    : cache_file_(std::move(cache_file)),
      refresh_(fixed_version.empty() ? Refresh::kDaily : Refresh::kNever) {
  const auto known =
      whatsapp::WebVersion::parse(fixed_version.empty() ? first_line(cache_file_) : fixed_version);
  if (!known) return;
  if (refresh_ == Refresh::kNever || *known > version_) version_ = *known;
}

whatsapp::WebVersion VersionKeeper::current() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

void VersionKeeper::adopt(const whatsapp::WebVersion& found, const base::Log& log) {
  {
    const std::scoped_lock lock(mutex_);
    if (found <= version_) return;
    version_ = found;
  }
  log.info("a newer web version is in use from now on", {{"version", found.text()}});
  const auto fresh = cache_file_.string() + ".new";
  std::ofstream(fresh, std::ios::trunc) << found.text() << '\n';
  std::error_code ignored;  // the cache only saves a request after a restart
  std::filesystem::rename(fresh, cache_file_, ignored);
}

runtime::Task<void> VersionKeeper::keep_fresh(runtime::EventLoop& loop, runtime::HttpClient& http,
                                              base::Log log) {
  if (refresh_ == Refresh::kNever) co_return;
  clock_ = &loop.clock();
  for (;;) {
    refreshed_at_ = clock_->now();
    const auto found = co_await whatsapp::fetch_web_version(http);
    if (found) {
      adopt(*found, log);
    } else {
      if (found.error().code == base::ErrorCode::kCancelled) co_return;
      log.debug("the web version could not be refreshed", {{"error", found.error().message}});
    }
    const base::Duration pause = found ? kRefreshEvery : kRetryAfterFailure;
    runtime::OneShot<runtime::Done> nap(loop);
    nap_ = &nap;
    const auto woken = co_await nap.wait_for(pause);
    nap_ = nullptr;
    if (!woken && woken.error().code == base::ErrorCode::kCancelled) co_return;
  }
}

void VersionKeeper::refresh_soon() {
  if (nap_ != nullptr && clock_->now() - refreshed_at_ >= kLeastBetween) nap_->set(runtime::Done{});
}

}  // namespace worker
