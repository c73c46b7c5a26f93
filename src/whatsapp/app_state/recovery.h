// When a collection cannot be read any more: what to try, step by step, and the phone's plain copy, which is
// the last resort. Spec 07 A4 (ladder), A7.
#pragma once

#include <expected>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/app_state/record.h"
#include "whatsapp/app_state/reject.h"

namespace whatsapp::app_state {

enum class RecoveryStep {
  kResync,    // forget the state, and ask for a snapshot
  kAskPhone,  // ask the phone for its copy
  kCarryOn,   // nothing left to try for now: go on with what there is
};

/// What was tried for one collection.
struct RecoveryHistory {
  bool resynced = false;                                 // since the process started
  std::optional<base::Clock::wall_time> phone_asked_at;  // survives restarts
};

/// A resync once per process, then the phone at most once in 48 hours.
RecoveryStep next_step(const RecoveryHistory& history, base::Clock::wall_time now);

struct Recovered {
  CollectionState state;
  ValueMacs entries;                // replace all entries
  std::vector<Mutation> mutations;  // all of them set
};

/// `plain`: the phone's copy, inflated if it came compressed (gzip). Only later than `state` does it replace
/// anything. Rejects: kMalformed, kUnknownKey, kVersionGap for a copy that is not later.
std::expected<Recovered, Reject> read_recovery(Collection collection, const CollectionState& state,
                                               base::ByteView plain, const KeyRing& keys);

}  // namespace whatsapp::app_state
