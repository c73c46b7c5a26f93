// The records of a history chunk that are small enough to be parsed whole. kMalformed for what is no such
// record. Private to this room.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/media/history_items.h"

namespace whatsapp::media {

/// Without chat, which is outside the record. `latest`: a later time becomes this one. Nothing for a message
/// without an id.
base::Result<std::optional<HistoryMessage>> read_message_record(base::ByteView record, std::int64_t latest);

/// Nothing for names that say nothing: empty, "-".
base::Result<std::optional<PushName>> read_push_name(base::ByteView record);
/// Nothing if one side is missing.
base::Result<std::optional<LidMapping>> read_lid_mapping(base::ByteView record);
base::Result<HistoryContact> read_contact(base::ByteView record);

/// The small fields of a conversation. kMalformed without an id.
base::Result<HistoryConversation> read_conversation_header(base::ByteView fields);
/// Whether that looks at this field.
bool is_conversation_header_field(std::uint32_t number);

/// The small fields of the chunk itself. kMalformed without a type.
base::Result<HistoryEnd> read_chunk_header(base::ByteView fields);
bool is_chunk_header_field(std::uint32_t number);

}  // namespace whatsapp::media
