#include "simulator/fault_set.h"

#include <array>
#include <utility>

namespace simulator {
namespace {

bool concerns(const Fault& fault, std::string_view subject) {
  if (fault.text.empty() || fault.text == subject) return true;
  return subject.starts_with(fault.text) && subject[fault.text.size()] == '/';
}

}  // namespace

void FaultSet::arm(const Fault& fault) {
  if (fault.count > 0) armed_.push_back(fault);
}

std::optional<Fault> FaultSet::take(Fault::Kind kind) { return take_for(kind, {}); }

std::optional<Fault> FaultSet::take_for(Fault::Kind kind, std::string_view subject) {
  for (auto armed = armed_.begin(); armed != armed_.end(); ++armed) {
    if (armed->kind != kind) continue;
    if (!subject.empty() && !concerns(*armed, subject)) continue;
    Fault taken = *armed;
    if (--armed->count == 0) armed_.erase(armed);
    return taken;
  }
  return std::nullopt;
}

bool is_immediate(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kDropSocket:
    case Fault::Kind::kStall:
    case Fault::Kind::kResume:
    case Fault::Kind::kHalfOpen:
    case Fault::Kind::kStreamError:
    case Fault::Kind::kStreamEnd:
      return true;
    default:
      return false;
  }
}

std::optional<Fault::Kind> fault_kind(std::string_view word) {
  using Kind = Fault::Kind;
  static constexpr std::array<std::pair<std::string_view, Kind>, 23> kWords{{
      {"drop_socket", Kind::kDropSocket},
      {"stall", Kind::kStall},
      {"resume", Kind::kResume},
      {"half_open", Kind::kHalfOpen},
      {"stream_error", Kind::kStreamError},
      {"stream_end", Kind::kStreamEnd},
      {"fail_login", Kind::kFailLogin},
      {"drop_ack", Kind::kDropAck},
      {"delay_ack", Kind::kDelayAck},
      {"double_ack", Kind::kDoubleAck},
      {"ack_error", Kind::kAckError},
      {"close_before_ack", Kind::kCloseBeforeAck},
      {"wrong_phash", Kind::kWrongPhash},
      {"duplicate", Kind::kDuplicate},
      {"reorder", Kind::kReorder},
      {"corrupt", Kind::kCorrupt},
      {"unavailable", Kind::kUnavailable},
      {"drop_iq", Kind::kDropIq},
      {"iq_error", Kind::kIqError},
      {"usync_error", Kind::kUsyncError},
      {"usync_shuffle", Kind::kUsyncShuffle},
      {"usync_missing", Kind::kUsyncMissing},
      {"refuse_upgrade", Kind::kRefuseUpgrade},
  }};
  for (const auto& [text, kind] : kWords) {
    if (text == word) return kind;
  }
  return std::nullopt;
}

}  // namespace simulator
