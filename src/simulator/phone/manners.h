// How a simulated phone behaves towards its companions.
#pragma once

#include <vector>

#include "base/clock.h"
#include "simulator/history/history_plan.h"

namespace simulator {

struct PhoneManners {
  /// The keys of app state after a companion has been linked.
  enum class KeyShare { kAtLink, kNever } key_share = KeyShare::kAtLink;
  /// A companion asks for keys.
  enum class KeyRequest { kAnswer, kOrphan, kNever } key_request = KeyRequest::kAnswer;
  /// It asks for the plain copy of a collection.
  enum class Recovery { kPlain, kGzip, kNever } recovery = Recovery::kGzip;
  /// It asks for messages that it could not read.
  enum class Placeholder { kAnswer, kMissing, kNever } placeholder = Placeholder::kAnswer;
  /// It asks for older messages of a chat, or for everything.
  enum class OnDemand { kAnswer, kNever } on_demand = OnDemand::kAnswer;
  /// It asks for a file that is gone from the media hosts.
  enum class MediaRetry {
    kAnswer,
    kNotFound,
    kGeneralError,
    kDecryptionError,
    kErrorNode,  // <error> instead of a sealed answer
    kGarbage,    // sealed with another key
    kNever,
  } media_retry = MediaRetry::kAnswer;
  base::Duration delay{0};  // before each answer

  /// Sent to every companion that is linked from now on, in this order.
  std::vector<HistoryPlan> history_at_link{};
  /// Messages in each chat, for requests on demand.
  std::size_t archive = 200;
};

}  // namespace simulator
