// Writing the plaintext of messages: a serialised Message (proto/message.proto), without padding. A message
// is serialised once; what goes to our own devices is wrapped around those very bytes. Spec 05 §2.6, §2.7,
// §5.3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/message/outgoing_content.h"

namespace whatsapp::message {

/// Of every new message: what votes, encrypted edits and reports about it are derived from later.
using MessageSecret = base::FixedBytes<32>;

struct TextContent {
  std::string body;
  std::optional<Quote> quote;
  std::vector<std::string> mentions;  // JID texts without device; the body has "@user" for each
};

/// `conversation`, or `extendedTextMessage` as soon as there is a quote or a mention.
base::Bytes build_text(const TextContent& text, const MessageSecret& secret);

/// Any content. kInvalidArgument for what cannot be said so (an empty text, a poll without options).
base::Result<base::Bytes> build_message(const OutgoingContent& content, const OutgoingContext& context,
                                        const MessageSecret& secret);

/// The form that our own other devices get: it names the chat, `destination`. The context of the message is
/// inside and, once more, outside.
base::Bytes wrap_device_sent(base::ByteView message, std::string_view destination);

}  // namespace whatsapp::message
