// Files that are gone from the media hosts, asked from our own phone: it uploads its copy again and says
// where. The request is a receipt of type "server-error", the answer a notification "mediaretry"; a phone
// that is off answers when it is on again, so answers are kept for whoever asks again later (spec 06 §5).
#pragma once

#include <list>
#include <optional>
#include <string>

#include "base/random.h"
#include "runtime/one_shot.h"
#include "whatsapp/client/current_connection.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/media/media_retry.h"

namespace whatsapp {

struct MediaRetryRequest {
  std::string message_id;
  binary::Jid chat{};
  std::optional<binary::Jid> participant{};  // of others' messages in groups
  enum class From { kThem, kMe } from = From::kThem;
  media::MediaKey media_key{};
};

class MediaRetryDesk final : public NotificationListener {
 public:
  MediaRetryDesk(runtime::EventLoop& loop, CurrentConnection& connection, base::Random& random, base::Log log)
      : loop_(loop), connection_(connection), random_(random), log_(std::move(log)) {}

  /// Where the file is now. kNotFound: the phone has not got it, or cannot say; kTimeout: no answer yet, it
  /// may still come; kUnavailable: the phone could not now; kClosed; kLimit: too many are asked already.
  runtime::Task<base::Result<std::string>> direct_path(MediaRetryRequest request);

  runtime::Task<base::Result<void>> take(const binary::Node& notification, store::Changes& changes) override;

 private:
  struct Pending {
    std::string message_id;
    media::MediaKey media_key;
    base::Clock::time_point asked_at{};
    std::optional<base::Result<std::string>> answer{};
    std::vector<runtime::OneShot<std::string>*> waiters{};
  };

  Pending* find(const std::string& message_id);
  base::Result<Pending*> enter(const MediaRetryRequest& request);
  base::Result<void> ask(const MediaRetryRequest& request);
  static base::Result<std::string> read(const Pending& pending, const binary::Node& notification);

  runtime::EventLoop& loop_;
  CurrentConnection& connection_;
  base::Random& random_;
  base::Log log_;
  std::list<Pending> pending_;  // oldest first, bounded
};

}  // namespace whatsapp
