// Carrying out a plan: a chunk of history is written, compressed and put where the companion will find it.
// Touches nothing but the media store, so that a large one can be made off the loop.
#pragma once

#include "base/result.h"
#include "simulator/history/history_plan.h"
#include "simulator/media/file_transfer.h"

namespace simulator {

enum class InlineOffer { kRefused, kOffered };

struct HistoryChunk {
  HistoryPlan plan;
  base::Bytes inline_payload;  // compressed; empty: see `file`
  FileReference file{};        // on the media hosts
  std::uint64_t compressed_size = 0;
};

/// `offer`: whether the companion takes small chunks inside the message. kIo.
base::Result<HistoryChunk> make_history_chunk(MediaStore& store, const HistoryScript& script,
                                              whatsapp::media::MediaKey key, InlineOffer offer);

/// A serialised Message that announces the chunk.
base::Bytes history_notice(const HistoryChunk& chunk);

}  // namespace simulator
