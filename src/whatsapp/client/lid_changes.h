// What notifications tell about numbers and LIDs. Spec 08 §6.1, §8.3, §8.8, §8.11.
#pragma once

#include <string>
#include <vector>

#include "whatsapp/binary/node.h"
#include "whatsapp/store/device_store.h"

namespace whatsapp {

/// Pairs that the attributes and children of a notification name outright.
std::vector<store::LidMapping> pairs_of_notification(const binary::Node& notification);

/// "Whoever had this LID now has that one": users, digits.
struct LidChange {
  std::string old_lid;
  std::string new_lid;
};
/// From a `mex` notification (JSON inside); empty if it tells of none.
std::vector<LidChange> lid_changes_of(const binary::Node& notification);

}  // namespace whatsapp
