// Which number and which LID are one person, as lid-mapping-*.json tells, and what that means for the address
// under which a record belongs. Spec 09 §6.5, §9.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "whatsapp/signal/address.h"
#include "whatsapp/store/device_store.h"

namespace importers {

class LidTable {
 public:
  /// The first word about a number or a LID is kept: say what is certain first.
  /// False: it contradicts what is known.
  bool add(const std::string& pn_user, const std::string& lid_user);

  /// A number whose LID is known lives under the LID.
  [[nodiscard]] whatsapp::signal::Address canonical(const whatsapp::signal::Address& address) const;
  [[nodiscard]] const std::string* lid_of(const std::string& pn_user) const;
  [[nodiscard]] std::vector<whatsapp::store::LidMapping> mappings() const;
  [[nodiscard]] std::size_t size() const { return lid_of_.size(); }

 private:
  std::map<std::string, std::string> lid_of_;
  std::map<std::string, std::string> pn_of_;
};

}  // namespace importers
