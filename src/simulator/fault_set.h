// Faults that are armed and wait for their occasion.
#pragma once

#include <optional>
#include <vector>

#include "simulator/settings.h"

namespace simulator {

class FaultSet {
 public:
  void arm(const Fault& fault);
  /// Uses up one occasion of the oldest armed fault of that kind.
  std::optional<Fault> take(Fault::Kind kind);
  /// The same where a fault may be limited: `subject` is an iq kind ("w:g2/get/query") or a chat. A fault for
  /// "w:g2" or "w:g2/get" is for every kind below it.
  std::optional<Fault> take_for(Fault::Kind kind, std::string_view subject);
  [[nodiscard]] bool empty() const { return armed_.empty(); }
  void clear() { armed_.clear(); }

 private:
  std::vector<Fault> armed_;
};

/// Whether a fault happens at once instead of waiting for its occasion.
bool is_immediate(Fault::Kind kind);
/// "drop_ack" → kDropAck; the words of the control API.
std::optional<Fault::Kind> fault_kind(std::string_view word);

}  // namespace simulator
