// The reporting token: lets the service check that a reported message is what its sender wrote, without
// reading messages. A MAC over a few chosen fields of the message, by a key from the message's secret. Spec
// 05 §2.11.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/message/content_builder.h"

namespace whatsapp::message {

/// The version of the list of fields; goes into the stanza and into messageContextInfo.
inline constexpr int kReportingTokenVersion = 2;

using ReportingToken = base::FixedBytes<16>;

struct ReportedMessage {
  std::string_view id;
  binary::Jid sender;
  binary::Jid remote;  // the other account, or the group
};

base::FixedBytes<32> reporting_key(const MessageSecret& secret, const ReportedMessage& about);

/// The chosen fields of a serialised, unpadded Message, sorted by number. kMalformed for bytes that are no
/// message, kLimit for messages nested too deep.
base::Result<base::Bytes> reporting_content(base::ByteView message);

/// None for messages that have no token: reactions, votes, answers to events, and those without any of the
/// chosen fields. Errors as above.
base::Result<std::optional<ReportingToken>> reporting_token(base::ByteView message,
                                                            const MessageSecret& secret,
                                                            const ReportedMessage& about);

}  // namespace whatsapp::message
