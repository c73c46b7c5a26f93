// Reading the typed part of a message, kind by kind. For content.cpp only. Spec 05 §5.6 to §5.10.
#pragma once

#include <string>

#include "proto/message.pb.h"
#include "proto/message_parts.pb.h"
#include "whatsapp/message/content.h"

namespace whatsapp::message {

/// Fills part, and media and context where the kind keeps them there, of a message without wrappers. The kind
/// is known already. A part that cannot be parsed is left out.
void read_part(const proto::Message& message, Content& out);

/// The interactive kinds, in a file of their own.
void read_interactive(const proto::Message& message, Content& out);
void read_interactive_reply(const proto::Message& message, Content& out);

KeptParts kept_parts_of(const proto::Message& message);

void read_part_context(const proto::PartContext& context, Content& out);

}  // namespace whatsapp::message
