// The files on the media hosts: in a folder of their own on disk, named by what they hash to, known to the
// outside by their direct paths. Uploading a file twice gives it a second path; a path may be expired while
// the file stays. Simulated people put files in and take them out directly, real clients through MediaHosts,
// whose threads are why all of this locks.
//
// Also what the hosts share besides: which upload tokens are valid, the faults, the counters.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "simulator/media_host/media_fault.h"

namespace simulator {

/// As it lies on the host.
struct MediaObject {
  std::string id{};           // part of the direct path
  std::string direct_path{};  // with its query
  std::string type{};         // "image", "md-msg-hist", "newsletter-image"
  std::string handle{};       // of channel uploads; else empty
  crypto::Sha256Digest hash{};
  std::uint64_t size = 0;
  std::filesystem::path file{};
  std::uint64_t downloads = 0;
  int gone = 0;  // the status that a download is answered with; 0: there
};

struct MediaCounters {
  std::uint64_t connections = 0;
  std::uint64_t uploads = 0;     // stored
  std::uint64_t bytes_up = 0;    // taken from clients, failed uploads included
  std::uint64_t downloads = 0;   // answered with 200 or 206, to the end
  std::uint64_t bytes_down = 0;  // sent to clients
  std::uint64_t ranges = 0;      // of the downloads, those of a part
  std::uint64_t deletes = 0;
  std::uint64_t faults = 0;       // requests that met one
  std::uint64_t bad_auth = 0;     // uploads and deletions refused
  std::uint64_t bad_uploads = 0;  // whose bytes are not what their name says
  std::uint64_t not_found = 0;    // downloads of what is not, or no longer, there
  std::uint64_t media_conns = 0;  // times that the hosts were asked for
};

class MediaStore {
 public:
  MediaStore() = default;
  ~MediaStore();  // deletes the folder
  MediaStore(const MediaStore&) = delete;
  MediaStore& operator=(const MediaStore&) = delete;

  /// Called, on whatever thread, after each change that somebody may wait for. Set before threads start.
  std::function<void()> changed = [] {};

  /// An upload broke off: keeps what came, for whoever goes on with it.
  void keep_partial(const std::filesystem::path& file, std::string_view token);
  /// What is there of an upload that broke off; it may be written on.
  [[nodiscard]] std::filesystem::path partial_file(std::string_view token) const;
  /// Its bytes; 0: nothing is there.
  [[nodiscard]] std::uint64_t partial_size(std::string_view token) const;
  /// A name for a file that is being written; give it to add().
  base::Result<std::filesystem::path> new_file();
  /// Takes the file over. `hash` and `size` are its own.
  base::Result<MediaObject> add(const std::filesystem::path& file, const crypto::Sha256Digest& hash,
                                std::uint64_t size, std::string_view type);
  /// The same for bytes in memory.
  base::Result<MediaObject> add(base::ByteView bytes, std::string_view type);
  /// A new path to the file of an object, gone or not. kNotFound.
  base::Result<MediaObject> publish_again(std::string_view id);

  /// By direct path, with or without its query.
  [[nodiscard]] std::optional<MediaObject> find(std::string_view direct_path) const;
  [[nodiscard]] std::optional<MediaObject> find_by_hash(const crypto::Sha256Digest& hash) const;
  [[nodiscard]] std::vector<MediaObject> objects() const;
  /// Downloads are answered with `status` from now on. Empty id: all objects of now. kNotFound.
  base::Result<void> expire(std::string_view id, int status);
  bool remove(const crypto::Sha256Digest& hash);
  void note_download(std::string_view id, std::uint64_t bytes);

  /// A token for uploads, valid for so long.
  std::string issue_auth(base::Duration life);
  [[nodiscard]] bool accepts_auth(std::string_view auth) const;
  /// No token of so far is valid any more.
  void revoke_auth();

  void arm(const MediaFault& fault);
  void clear_faults();
  std::optional<MediaFault> take_fault(const MediaOccasion& occasion);
  bool is_down(std::string_view host);

  void count(std::uint64_t MediaCounters::*what, std::uint64_t by = 1);
  [[nodiscard]] MediaCounters counters() const;

  /// "127.0.0.1:41001", in the order in which clients are told them.
  void set_hosts(std::vector<std::string> hosts);
  [[nodiscard]] std::vector<std::string> hosts() const;

 private:
  base::Result<void> open_folder();
  MediaObject& enter(MediaObject object);

  mutable std::mutex mutex_;
  std::filesystem::path folder_;
  std::uint64_t next_ = 1;
  std::map<std::string, MediaObject, std::less<>> objects_;  // by id
  std::map<std::string, base::Clock::time_point, std::less<>> auths_;
  MediaFaults faults_;
  MediaCounters counters_;
  std::vector<std::string> hosts_;
};

}  // namespace simulator
