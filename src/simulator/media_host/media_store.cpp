#include "simulator/media_host/media_store.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "base/encoding.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

/// "/v/t62.7118-24/<id>_n.enc?…" → "<id>"
std::string_view id_in(std::string_view direct_path) {
  const std::string_view path = direct_path.substr(0, direct_path.find('?'));
  const std::size_t begin = path.rfind('/');
  if (begin == std::string_view::npos) return {};
  const std::string_view name = path.substr(begin + 1);
  return name.substr(0, name.rfind('_'));
}

bool for_channels(std::string_view type) { return type.starts_with("newsletter"); }

/// Tokens are checked on the hosts' threads, where the loop's clock is out of reach.
base::Clock::time_point steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace

MediaStore::~MediaStore() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<void> MediaStore::open_folder() {
  if (!folder_.empty()) return {};
  std::string name = (std::filesystem::temp_directory_path() / "wa-sim-media-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return fail(ErrorCode::kIo, "no folder for media");
  folder_ = name;
  return {};
}

Result<std::filesystem::path> MediaStore::new_file() {
  const std::scoped_lock lock(mutex_);
  WA_TRY_VOID(open_folder());
  return folder_ / ("part-" + std::to_string(next_++));
}

void MediaStore::keep_partial(const std::filesystem::path& file, std::string_view token) {
  const std::scoped_lock lock(mutex_);
  std::error_code ignored;
  std::filesystem::rename(file, folder_ / ("upload-" + std::string{token}), ignored);
}

std::filesystem::path MediaStore::partial_file(std::string_view token) const {
  const std::scoped_lock lock(mutex_);
  return folder_ / ("upload-" + std::string{token});
}

std::uint64_t MediaStore::partial_size(std::string_view token) const {
  const std::scoped_lock lock(mutex_);
  if (folder_.empty() || token.find('/') != std::string_view::npos) return 0;
  std::error_code missing;
  const auto size = std::filesystem::file_size(folder_ / ("upload-" + std::string{token}), missing);
  return missing ? 0 : size;
}

MediaObject& MediaStore::enter(MediaObject object) {
  const std::string number = std::to_string(100'000'000 + next_++);
  object.id = number + base::to_hex(base::ByteView{object.hash}.first(6));
  const std::string_view folder = for_channels(object.type) ? "/m1/v/t24/" : "/v/t62.7118-24/";
  object.direct_path =
      std::string{folder} + object.id + "_n.enc?ccb=11-4&oh=01_" + number + "&oe=7FFFFFFF&_nc_sid=5e03e0";
  if (for_channels(object.type)) object.handle = "handle-" + object.id;
  object.gone = 0;
  object.downloads = 0;
  const std::string id = object.id;
  return objects_[id] = std::move(object);
}

Result<MediaObject> MediaStore::add(const std::filesystem::path& file, const crypto::Sha256Digest& hash,
                                    std::uint64_t size, std::string_view type) {
  MediaObject entered;
  {
    const std::scoped_lock lock(mutex_);
    MediaObject object{.type = std::string{type}, .hash = hash, .size = size};
    object.file = folder_ / base::to_hex(hash);
    std::error_code failed;
    std::filesystem::rename(file, object.file, failed);
    if (failed) return fail(ErrorCode::kIo, "cannot keep an upload: " + failed.message());
    entered = enter(std::move(object));
  }
  changed();
  return entered;
}

Result<MediaObject> MediaStore::add(base::ByteView bytes, std::string_view type) {
  WA_TRY(const std::filesystem::path path, new_file());
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return fail(ErrorCode::kIo, "cannot write media");
  return add(path, crypto::sha256(bytes), bytes.size(), type);
}

Result<MediaObject> MediaStore::publish_again(std::string_view id) {
  MediaObject entered;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = objects_.find(id);
    if (found == objects_.end()) return fail(ErrorCode::kNotFound, "no such object");
    entered = enter(found->second);
  }
  changed();
  return entered;
}

std::optional<MediaObject> MediaStore::find(std::string_view direct_path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = objects_.find(id_in(direct_path));
  return found == objects_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<MediaObject> MediaStore::find_by_hash(const crypto::Sha256Digest& hash) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, object] : objects_) {
    if (object.hash == hash && object.gone == 0) return object;
  }
  return std::nullopt;
}

std::vector<MediaObject> MediaStore::objects() const {
  const std::scoped_lock lock(mutex_);
  std::vector<MediaObject> all;
  for (const auto& [id, object] : objects_) all.push_back(object);
  return all;
}

Result<void> MediaStore::expire(std::string_view id, int status) {
  const std::scoped_lock lock(mutex_);
  if (!id.empty() && !objects_.contains(id)) return fail(ErrorCode::kNotFound, "no such object");
  for (auto& [own_id, object] : objects_) {
    if (id.empty() || own_id == id) object.gone = status;
  }
  return {};
}

bool MediaStore::remove(const crypto::Sha256Digest& hash) {
  const std::scoped_lock lock(mutex_);
  bool removed = false;
  for (auto& [id, object] : objects_) {
    if (object.hash != hash || object.gone != 0) continue;
    object.gone = 404;
    removed = true;
  }
  return removed;
}

void MediaStore::note_download(std::string_view id, std::uint64_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    ++counters_.downloads;
    counters_.bytes_down += bytes;
    if (const auto found = objects_.find(id); found != objects_.end()) ++found->second.downloads;
  }
  changed();
}

std::string MediaStore::issue_auth(base::Duration life) {
  const std::scoped_lock lock(mutex_);
  ++counters_.media_conns;
  // Characters that a client must escape.
  std::string auth = "sim/auth+" + std::to_string(next_++) + "==";
  auths_[auth] = steady_now() + life;
  return auth;
}

bool MediaStore::accepts_auth(std::string_view auth) const {
  const std::scoped_lock lock(mutex_);
  const auto found = auths_.find(auth);
  return found != auths_.end() && found->second > steady_now();
}

void MediaStore::revoke_auth() {
  const std::scoped_lock lock(mutex_);
  auths_.clear();
}

void MediaStore::arm(const MediaFault& fault) {
  const std::scoped_lock lock(mutex_);
  faults_.arm(fault);
}

void MediaStore::clear_faults() {
  const std::scoped_lock lock(mutex_);
  faults_.clear();
}

std::optional<MediaFault> MediaStore::take_fault(const MediaOccasion& occasion) {
  const std::scoped_lock lock(mutex_);
  auto fault = faults_.take(occasion);
  if (fault) ++counters_.faults;
  return fault;
}

bool MediaStore::is_down(std::string_view host) {
  const std::scoped_lock lock(mutex_);
  const bool down = faults_.take_down(host).has_value();
  counters_.faults += down ? 1 : 0;
  return down;
}

void MediaStore::count(std::uint64_t MediaCounters::*what, std::uint64_t by) {
  const std::scoped_lock lock(mutex_);
  counters_.*what += by;
}

MediaCounters MediaStore::counters() const {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

void MediaStore::set_hosts(std::vector<std::string> hosts) {
  const std::scoped_lock lock(mutex_);
  hosts_ = std::move(hosts);
}

std::vector<std::string> MediaStore::hosts() const {
  const std::scoped_lock lock(mutex_);
  return hosts_;
}

}  // namespace simulator
