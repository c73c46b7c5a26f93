// From what the edge queued to what the account is asked to say. Pure: files are prepared by others
// (media_preparer.h) and put in afterwards. The shapes of the payloads are in docs/edge-api.yaml.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "edge/types.h"
#include "queue/media_preparer.h"
#include "queue/send_verdict.h"
#include "whatsapp/client/outgoing_message.h"

namespace worker {

struct BuiltMessage {
  /// With media: everything but the content's file.
  whatsapp::OutgoingMessage message;
  std::optional<MediaOrder> media;
};

/// `to` is the destination as understood, `now_ms` Unix milliseconds. The refusal says `unsupported_kind` for
/// a kind that is not sent, `malformed-message` with the reason for a payload that says too little.
std::expected<BuiltMessage, SendVerdict> build_outgoing(const edge::QueuedMessage& queued,
                                                        whatsapp::binary::Jid to, std::int64_t now_ms);

/// What a failed preparation means for the message.
SendVerdict judge_media(const base::Error& error);

}  // namespace worker
