// Why a patch, snapshot or record was not applied. Nothing of it is in the state then. Spec 07 A4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "whatsapp/app_state/sync_key.h"

namespace whatsapp::app_state {

enum class RejectReason {
  kMalformed,         // bytes that do not follow their format
  kVersionGap,        // patches before this one are missing: fetch again from our version
  kTerminal,          // the patch carries an exit code: the collection is beyond repair by patches
  kUnknownKey,        // blocked until the phone shares `missing_keys`
  kPatchMac,          // the patch is not what its author wrote
  kValueMac,          // a record's value is not what its author wrote
  kIndexMac,          // a record lies under an index that is not its own
  kSnapshotNotAsked,  // a snapshot for a collection that has a state already
  kNotDownloaded,     // the patch's mutations are elsewhere: download them first
};

std::string_view to_string(RejectReason reason);

struct Reject {
  RejectReason reason = RejectReason::kMalformed;
  std::string message;              // for the operator; no contents
  std::vector<KeyId> missing_keys;  // of kUnknownKey: all of them, each once
};

}  // namespace whatsapp::app_state
