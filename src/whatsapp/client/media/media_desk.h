// The account's side of media: where its files are kept, and the phone that may still have them. What moves
// the bytes is MediaTransport, which whoever owns the client makes on top.
#pragma once

#include "whatsapp/client/media/media_connection.h"
#include "whatsapp/client/media/media_retry_desk.h"

namespace whatsapp {

struct MediaDesk {
  MediaDesk(runtime::EventLoop& loop, CurrentConnection& connection, base::Random& random, base::Log log)
      : hosts(loop, connection), retries(loop, connection, random, std::move(log)) {}

  MediaConnection hosts;
  MediaRetryDesk retries;
};

}  // namespace whatsapp
