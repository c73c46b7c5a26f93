#include "whatsapp/app_state/entries.h"

namespace whatsapp::app_state {

void Entries::set(const IndexMac& index, const ValueMac& value) {
  if (const auto old = find(index)) hash_.subtract(*old);
  hash_.add(value);
  changes_[index] = value;
}

bool Entries::remove(const IndexMac& index) {
  const auto old = find(index);
  if (!old) return false;
  hash_.subtract(*old);
  changes_[index] = std::nullopt;
  return true;
}

std::optional<ValueMac> Entries::find(const IndexMac& index) const {
  if (const auto changed = changes_.find(index); changed != changes_.end()) return changed->second;
  if (const auto known = known_.find(index); known != known_.end()) return known->second;
  return std::nullopt;
}

}  // namespace whatsapp::app_state
