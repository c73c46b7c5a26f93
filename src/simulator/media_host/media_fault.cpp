#include "simulator/media_host/media_fault.h"

#include <algorithm>
#include <array>
#include <utility>

namespace simulator {

std::optional<MediaFault> MediaFaults::use(std::vector<MediaFault>::iterator fault) {
  if (fault == armed_.end()) return std::nullopt;
  MediaFault taken = *fault;
  if (fault->count > 0 && --fault->count == 0) armed_.erase(fault);
  return taken;
}

std::optional<MediaFault> MediaFaults::take(const MediaOccasion& occasion) {
  return use(std::ranges::find_if(armed_, [&](const MediaFault& fault) {
    if (fault.kind == MediaFault::Kind::kDown) return false;
    if (fault.kind == MediaFault::Kind::kBadJson && occasion.on != MediaFault::On::kUpload) return false;
    if (fault.on != MediaFault::On::kBoth && fault.on != occasion.on) return false;
    if (!fault.host.empty() && fault.host != occasion.host) return false;
    return fault.object.empty() || occasion.path.find(fault.object) != std::string_view::npos;
  }));
}

std::optional<MediaFault> MediaFaults::take_down(std::string_view host) {
  return use(std::ranges::find_if(armed_, [&](const MediaFault& fault) {
    return fault.kind == MediaFault::Kind::kDown && (fault.host.empty() || fault.host == host);
  }));
}

std::optional<MediaFault::Kind> media_fault_kind(std::string_view word) {
  using Kind = MediaFault::Kind;
  static constexpr std::array<std::pair<std::string_view, Kind>, 8> kWords{{
      {"status", Kind::kStatus},
      {"slow", Kind::kSlow},
      {"truncate", Kind::kTruncate},
      {"corrupt", Kind::kCorrupt},
      {"reset", Kind::kReset},
      {"down", Kind::kDown},
      {"bad_json", Kind::kBadJson},
      {"redirect", Kind::kRedirect},
  }};
  const auto* found = std::ranges::find(kWords, word, &std::pair<std::string_view, Kind>::first);
  return found == kWords.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace simulator
