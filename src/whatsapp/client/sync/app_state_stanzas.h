// The stanzas of app state: what we ask for, what the answer says per collection. Spec 07 A4, A6.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "whatsapp/app_state/collection.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

/// Asks for what is new in these collections; for a snapshot where there is no state yet.
binary::Node fetch_request(const std::map<app_state::Collection, app_state::CollectionState>& states);
/// Sends a patch upon the version that `before` has.
binary::Node patch_request(app_state::Collection collection, const app_state::CollectionState& before,
                           base::Bytes patch);

struct CollectionAnswer {
  app_state::Reply reply = app_state::Reply::kRetry;
  std::optional<int> error_code{};
  std::optional<std::uint64_t> version{};
  base::Bytes snapshot{};  // an ExternalBlobReference; empty: none came
  std::vector<base::Bytes> patches{};
};
/// Collections that we do not know are left out.
std::map<app_state::Collection, CollectionAnswer> read_sync_answer(const binary::Node& answer);

}  // namespace whatsapp
