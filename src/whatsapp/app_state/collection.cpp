#include "whatsapp/app_state/collection.h"

#include <utility>

namespace whatsapp::app_state {
namespace {

constexpr std::pair<Collection, std::string_view> kNames[] = {
    {Collection::kCriticalBlock, "critical_block"}, {Collection::kCriticalUnblockLow, "critical_unblock_low"},
    {Collection::kRegularHigh, "regular_high"},     {Collection::kRegular, "regular"},
    {Collection::kRegularLow, "regular_low"},
};

}  // namespace

std::string_view to_string(Collection collection) {
  for (const auto& [candidate, name] : kNames)
    if (candidate == collection) return name;
  return {};
}

std::optional<Collection> collection_from(std::string_view name) {
  for (const auto& [collection, candidate] : kNames)
    if (candidate == name) return collection;
  return std::nullopt;
}

Reply reply_of(std::optional<int> error_code, MorePatches more) {
  const bool has_more = more == MorePatches::kYes;
  if (!error_code) return has_more ? Reply::kSuccessHasMore : Reply::kSuccess;
  switch (*error_code) {
    case 409:
      return has_more ? Reply::kConflictHasMore : Reply::kConflict;
    case 400:
    case 404:
    case 405:
    case 406:
      return Reply::kFatal;
    default:
      return Reply::kRetry;
  }
}

}  // namespace whatsapp::app_state
