// The folders that hold what must not be lost. Checked at start, so that a wrong mount or owner is one clear
// sentence then, not a hundred failures later.
#pragma once

#include <string>

#include "base/result.h"

namespace worker {

/// Creates `folder` (0700, with its parents) if it is missing, and makes sure that we can write into it.
/// kIo with a sentence that says what to do.
base::Result<void> prepare_data_folder(const std::string& folder, const std::string& setting);

}  // namespace worker
