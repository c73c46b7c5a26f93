#include "whatsapp/app_state/reject.h"

namespace whatsapp::app_state {

std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::kMalformed:
      return "malformed";
    case RejectReason::kVersionGap:
      return "version_gap";
    case RejectReason::kTerminal:
      return "terminal";
    case RejectReason::kUnknownKey:
      return "unknown_key";
    case RejectReason::kPatchMac:
      return "patch_mac";
    case RejectReason::kValueMac:
      return "value_mac";
    case RejectReason::kIndexMac:
      return "index_mac";
    case RejectReason::kSnapshotNotAsked:
      return "snapshot_not_asked";
    case RejectReason::kNotDownloaded:
      return "not_downloaded";
  }
  return "unknown";
}

}  // namespace whatsapp::app_state
