// Reads a chunk of history as a stream: inflates it, walks through its protobuf and hands out one item at a
// time. A chunk of any size needs three times the memory of its largest message, and a few buffers of 64 KiB.
//
//   HistoryReader reader{file, options};
//   for (;;) {
//     WA_TRY(HistoryItem item, reader.next());
//     if (std::holds_alternative<HistoryEnd>(item)) break;  // now everything may be committed
//     …
//   }
//
// The messages of a conversation come before the conversation itself, whose fields stand all around them.
// LID mappings may stand behind the chats that need them: who routes messages reads a chunk twice, first
// without messages. That first time also proves the checksum; before HistoryEnd has come, nothing that was
// handed out may be kept (spec 07 B4).
//
// Unknown fields are passed over wherever they are. Refused are: what does not inflate, what inflates too
// far, protobuf that breaks its rules (see FieldStream), records over their limits, a chunk without a type,
// a conversation without an id.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/media/byte_source.h"
#include "whatsapp/media/field_stream.h"
#include "whatsapp/media/history_items.h"
#include "whatsapp/media/inflate_source.h"
#include "whatsapp/media/message_timeline.h"

namespace whatsapp::media {

/// Whether messages are handed out or passed over unread.
enum class HistoryScope { kEverything, kWithoutMessages };

struct HistoryLimits {
  std::size_t message_bytes = 16 * 1024 * 1024;  // one message record
  std::size_t record_bytes = 64 * 1024;          // a name, a mapping, a contact
  std::size_t header_bytes = 1024 * 1024;        // all small fields of a conversation, or of the chunk
  std::size_t parked_messages = 1024;            // that come before the id of their conversation …
  std::size_t parked_bytes = 4 * 1024 * 1024;    // … and their records' bytes
};

struct HistoryOptions {
  /// Messages later than this are set to it: some phones' clocks are decades off. The server's now and a
  /// day more, in Unix seconds.
  std::int64_t latest = 0;
  HistoryScope scope = HistoryScope::kEverything;
  InflateBounds inflate{};
  HistoryLimits limits{};
};

class HistoryReader {
 public:
  /// `compressed` is the chunk as it came inline or was decrypted; it outlives this.
  HistoryReader(ByteSource& compressed, const HistoryOptions& options);

  /// After HistoryEnd only kClosed; after an error the same error.
  base::Result<HistoryItem> next();

 private:
  using Found = base::Result<std::optional<HistoryItem>>;

  /// Between the fields of the chunk.
  struct InChunk {};
  /// Between the fields of a conversation.
  struct InConversation {
    std::uint64_t end = 0;
    base::Bytes header;
    std::string id;
    std::deque<HistoryMessage> parked;  // read before the id; handed out one by one once it is there
    std::size_t parked_bytes = 0;
    std::uint64_t messages = 0;
    MessageTimeline timeline;
    std::string receiver;  // of our own messages
  };
  struct Over {
    base::Error why;
  };

  Found step(InChunk&);
  Found step(InConversation& chat);
  Found step(Over& over);
  Found end_chunk();
  Found end_conversation(InConversation& chat);
  base::Result<void> open_conversation();
  base::Result<void> read_conversation_id(InConversation& chat);
  Found read_message(InConversation& chat);
  Found read_record(FieldTag tag);

  HistoryOptions options_;
  InflateSource inflated_;
  FieldStream fields_;
  base::Bytes header_;
  HistoryEnd counts_;
  std::variant<InChunk, InConversation, Over> state_;
};

}  // namespace whatsapp::media
