#include "connection/bad_mac_breaker.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace worker {
namespace {

using whatsapp::signal::DecryptError;

constexpr std::size_t kMostKept = 4;  // times the threshold

bool speaks_of_a_broken_store(DecryptError error) {
  return error == DecryptError::kBadMac || error == DecryptError::kNoSession ||
         error == DecryptError::kInvalidKeyId;
}

}  // namespace

void BadMacBreaker::forget_old() {
  const auto horizon = clock_.now() - settings_.window;
  while (!failures_.empty() && failures_.front().at <= horizon) failures_.pop_front();
}

BadMacBreaker::Verdict BadMacBreaker::record_failure(const std::string& message_id, const std::string& peer,
                                                     DecryptError error) {
  if (!speaks_of_a_broken_store(error)) return Verdict::kKeepGoing;
  forget_old();
  const bool known = std::any_of(failures_.begin(), failures_.end(),
                                 [&](const Failure& failure) { return failure.message_id == message_id; });
  if (known) return Verdict::kKeepGoing;
  failures_.push_back({clock_.now(), message_id, peer});
  if (failures_.size() < settings_.threshold) return Verdict::kKeepGoing;
  if (peers() < settings_.peers) {
    // Kept small while one person's session is being repaired.
    if (failures_.size() > kMostKept * settings_.threshold) failures_.pop_front();
    return Verdict::kKeepGoing;
  }
  failures_.clear();
  return Verdict::kTripped;
}

std::size_t BadMacBreaker::peers() const {
  std::set<std::string_view> found;
  for (const Failure& failure : failures_) found.insert(failure.peer);
  return found.size();
}

void BadMacBreaker::record_repair(const std::string& message_id) {
  std::erase_if(failures_, [&](const Failure& failure) { return failure.message_id == message_id; });
}

}  // namespace worker
