// The messages of one conversation go by once; this remembers which were the oldest and the newest, and in
// which direction they came. The service sends them newest first, other senders do not, so the direction is
// found out rather than assumed.
#pragma once

#include <optional>

#include "whatsapp/media/history_items.h"

namespace whatsapp::media {

class MessageTimeline {
 public:
  /// The next message. One without a time does not count.
  void add(const HistoryMessage& message);

  [[nodiscard]] MessageOrder order() const;
  [[nodiscard]] std::optional<MessageReference> oldest() const;
  [[nodiscard]] std::optional<MessageReference> newest() const;

 private:
  /// Messages of the same second, of which it depends on the direction which one counts.
  struct SameTime {
    MessageReference first;
    MessageReference last;
  };

  std::optional<std::int64_t> previous_;
  std::uint64_t rises_ = 0;
  std::uint64_t falls_ = 0;
  std::optional<SameTime> oldest_;
  std::optional<SameTime> newest_;
};

}  // namespace whatsapp::media
