// A Baileys folder becomes the store of an instance: whole, or not at all. The new file is made beside the
// accounts and moved into place when it is complete, so that a crash in the middle leaves the instance as it
// was. The Baileys folder is not touched; it must not be used by Baileys any more once we are connected,
// because both would count on from the same keys.
#pragma once

#include <string>

#include "base/result.h"
#include "importers/account_import.h"

namespace importers {

struct TakeOver {
  std::string auth_base;            // where the instances have their folders
  std::string instance_id;          // a valid folder name
  std::string source;               // the Baileys folder; may be auth_base/instance_id itself
  std::int64_t quiet_seconds = 10;  // refuse a folder written to more recently; 0: do not ask
  ImportSettings settings;
};

/// Whether AUTH_BASE/<instanceId> is a Baileys folder that was not taken over yet.
bool awaits_takeover(const std::string& auth_base, const std::string& instance_id);

/// kConflict: the instance has a store already, is in use, or the folder is being written to. kNotFound: the
/// folder is none of Baileys', or its device was never linked. Otherwise what import_account() says.
base::Result<ImportReport> take_over(const TakeOver& order);

}  // namespace importers
