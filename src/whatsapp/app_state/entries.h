// The entries and the hash of a collection while they change: each value that comes is added to the hash,
// each one that goes is subtracted. For the sources of this room. Spec 07 A3.
#pragma once

#include <optional>

#include "whatsapp/app_state/collection.h"

namespace whatsapp::app_state {

class Entries {
 public:
  /// `known` holds at least the entries that will be touched, and outlives this.
  Entries(const LtHash& hash, const ValueMacs& known) : hash_(hash), known_(known) {}

  void set(const IndexMac& index, const ValueMac& value);
  /// False: there was no such entry, and nothing changed.
  bool remove(const IndexMac& index);

  [[nodiscard]] bool contains(const IndexMac& index) const { return find(index).has_value(); }
  [[nodiscard]] const LtHash& hash() const { return hash_; }
  [[nodiscard]] const EntryChanges& changes() const { return changes_; }

 private:
  [[nodiscard]] std::optional<ValueMac> find(const IndexMac& index) const;

  LtHash hash_;
  const ValueMacs& known_;
  EntryChanges changes_;
};

}  // namespace whatsapp::app_state
