// Chunks of history: as compressed bytes, and, so that the fuzzer need not guess checksums, compressed here.
#include <zlib.h>

#include "input.h"
#include "whatsapp/media/history_notification.h"
#include "whatsapp/media/history_reader.h"

namespace {

void read_all(base::ByteView compressed) {
  using namespace whatsapp::media;
  MemorySource source(compressed);
  HistoryOptions options;
  options.latest = 1'800'000'000;
  HistoryReader reader(source, options);
  for (int items = 0; items < 100'000; ++items) {
    const auto item = reader.next();
    if (!item || std::holds_alternative<HistoryEnd>(*item)) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView bytes{data + 1, size - 1};
  if (data[0] % 3 == 0) {
    read_all(bytes);
  } else if (data[0] % 3 == 1) {
    (void)whatsapp::media::read_history_notification(bytes);
  } else {
    base::Bytes compressed(compressBound(static_cast<uLong>(bytes.size())));
    uLongf length = static_cast<uLongf>(compressed.size());
    if (compress2(compressed.data(), &length, bytes.data(), static_cast<uLong>(bytes.size()), 1) != Z_OK)
      return 0;
    read_all(base::ByteView{compressed}.first(length));
  }
  return 0;
}
