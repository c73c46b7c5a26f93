// History chunks written field by field, and a reader that collects what comes out.
#pragma once

#include <string>
#include <vector>

#include "media_bench.h"
#include "whatsapp/media/history_reader.h"
#include "wire_bench.h"

namespace history_bench {

using base::Bytes;
using namespace wire_bench;
using namespace whatsapp::media;

inline constexpr std::int64_t kNow = 1'800'000'000;

/// One HistorySyncMsg, as field 2 of a conversation.
inline Bytes message(std::string_view id, std::uint64_t timestamp, base::ByteView more = {}) {
  const Bytes key = base::concat(text_field(1, "123@s.whatsapp.net"), number_field(2, 0), text_field(3, id));
  const Bytes info = base::concat(bytes_field(1, key), bytes_field(2, text_field(1, "hi")),
                                  number_field(3, timestamp), more);
  return bytes_field(2, base::concat(bytes_field(1, info), number_field(2, 100)));
}

template <class... Fields>
Bytes conversation(std::string_view id, const Fields&... fields) {
  return bytes_field(2, base::concat(text_field(1, id), fields...));
}

template <class... Fields>
Bytes chunk(const Fields&... fields) {
  return base::concat(number_field(1, 3), fields...);
}

/// Everything that came out before the end or the error.
struct Reading {
  std::vector<std::string> items;  // one line each, in order
  std::vector<HistoryMessage> messages;
  std::vector<HistoryConversation> conversations;
  std::optional<HistoryEnd> end;
  std::optional<base::Error> error;

  void add(const PushName& item) { items.push_back("name " + item.user + " " + item.name); }
  void add(const LidMapping& item) { items.push_back("mapping " + item.pn + " " + item.lid); }
  void add(const HistoryContact& item) { items.push_back("contact " + item.pn + " " + item.full_name); }
  void add(const HistoryMessage& item) {
    items.push_back("message " + item.chat + " " + item.id);
    messages.push_back(item);
  }
  void add(const HistoryConversation& item) {
    items.push_back("conversation " + item.id);
    conversations.push_back(item);
  }
  void add(const HistoryEnd& item) { end = item; }
};

inline Reading read_source(ByteSource& source, const HistoryOptions& options) {
  HistoryReader reader{source, options};
  Reading reading;
  while (!reading.end) {
    const auto item = reader.next();
    if (!item) {
      reading.error = item.error();
      break;
    }
    std::visit([&](const auto& found) { reading.add(found); }, *item);
  }
  // Nothing comes after the end; an error stays.
  const auto after = reader.next();
  if (after || after.error().code != (reading.error ? reading.error->code : base::ErrorCode::kClosed))
    reading.error = base::Error{base::ErrorCode::kInvalidArgument, "read on after the end"};
  return reading;
}

inline Reading read(base::ByteView inflated, HistoryOptions options = {.latest = kNow},
                    std::size_t piece = 1 << 16) {
  const Bytes compressed = deflated(inflated);
  media_bench::PieceSource source{compressed, piece};
  return read_source(source, options);
}

}  // namespace history_bench
