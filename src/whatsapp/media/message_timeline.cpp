#include "whatsapp/media/message_timeline.h"

namespace whatsapp::media {

void MessageTimeline::add(const HistoryMessage& message) {
  const MessageReference here{message.id, message.from_me, message.timestamp};
  if (here.timestamp == 0) return;
  if (previous_ && here.timestamp > *previous_) ++rises_;
  if (previous_ && here.timestamp < *previous_) ++falls_;
  previous_ = here.timestamp;

  if (!oldest_ || here.timestamp < oldest_->first.timestamp) oldest_ = SameTime{here, here};
  if (!newest_ || here.timestamp > newest_->first.timestamp) newest_ = SameTime{here, here};
  if (here.timestamp == oldest_->first.timestamp) oldest_->last = here;
  if (here.timestamp == newest_->first.timestamp) newest_->last = here;
}

MessageOrder MessageTimeline::order() const {
  if (falls_ == rises_) return MessageOrder::kUnknown;
  return falls_ > rises_ ? MessageOrder::kNewestFirst : MessageOrder::kOldestFirst;
}

std::optional<MessageReference> MessageTimeline::oldest() const {
  if (!oldest_) return std::nullopt;
  return order() == MessageOrder::kOldestFirst ? oldest_->first : oldest_->last;
}

std::optional<MessageReference> MessageTimeline::newest() const {
  if (!newest_) return std::nullopt;
  return order() == MessageOrder::kOldestFirst ? newest_->last : newest_->first;
}

}  // namespace whatsapp::media
