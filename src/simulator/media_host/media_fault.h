// What goes wrong with the media hosts on command.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace simulator {

struct MediaFault {
  enum class Kind {
    kStatus,    // answers `code`, with `text` as Retry-After if any
    kSlow,      // waits `delay` before the answer, then sends or takes `bytes` per second (0: all at once)
    kTruncate,  // sends or takes `bytes` of the body, then closes
    kCorrupt,   // turns one bit of the body at offset `bytes`
    kReset,     // closes after the request's head without an answer
    kDown,      // closes before the TLS handshake
    kBadJson,   // an upload is stored, the answer is 200 and `text`
    kRedirect,  // 302 to `text`
  };
  enum class On { kBoth, kUpload, kDownload };

  Kind kind = Kind::kStatus;
  On on = On::kBoth;
  std::string host{};    // "127.0.0.1:41001"; empty: every host
  std::string object{};  // id of an object, or a part of the request's path; empty: every request
  int count = 1;         // requests; below 0: until cleared
  int code = 500;
  std::uint64_t bytes = 0;
  base::Duration delay{0};
  std::string text{};
};

/// A request, as far as faults care. kDown knows neither direction nor path.
struct MediaOccasion {
  MediaFault::On on = MediaFault::On::kBoth;
  std::string_view host;
  std::string_view path;
};

class MediaFaults {
 public:
  void arm(const MediaFault& fault) { armed_.push_back(fault); }
  void clear() { armed_.clear(); }
  /// Uses up one occasion of the first fault that fits. Those of kind kDown are taken only by themselves.
  std::optional<MediaFault> take(const MediaOccasion& occasion);
  std::optional<MediaFault> take_down(std::string_view host);

 private:
  std::optional<MediaFault> use(std::vector<MediaFault>::iterator fault);

  std::vector<MediaFault> armed_;
};

/// "status", "slow", …
std::optional<MediaFault::Kind> media_fault_kind(std::string_view word);

}  // namespace simulator
