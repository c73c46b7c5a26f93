// One chunk of history, read into what the account remembers: who is who, names, chats and their settings,
// privacy tokens; and, if the application wants them, its messages. The chunk may be of any size: it is read
// in slices on the account's lane, several times over (first to prove it whole), and never held in memory.
// Everything it writes can be written twice, so a chunk that was interrupted is simply read again. Spec 07
// B4, B7; 10 H1.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/sync/account_book.h"
#include "whatsapp/client/sync/blob_source.h"
#include "whatsapp/media/history_reader.h"

namespace whatsapp {

/// A chunk that came inside its notice.
class MemoryBlob final : public Blob {
 public:
  explicit MemoryBlob(base::Bytes bytes) : bytes_(std::move(bytes)) {}
  base::Result<std::unique_ptr<media::ByteSource>> open() override {
    return std::make_unique<media::MemorySource>(bytes_);
  }

 private:
  base::Bytes bytes_;
};

struct ImportedHistory {
  media::SyncType type = media::SyncType::kInitialBootstrap;
  std::uint32_t progress = 0;
  std::uint64_t conversations = 0;
  std::uint64_t messages = 0;
  std::uint64_t forwarded = 0;  // messages given to the application
};

class HistoryImport {
 public:
  HistoryImport(DeskParts& parts, AccountBook& book) : parts_(parts), book_(book) {}

  /// kMalformed, kLimit: the chunk is no good, and nothing of it was kept; kClosed: the connection ended;
  /// others: the store failed.
  runtime::Task<base::Result<ImportedHistory>> read(Blob& chunk, ForwardHistory forward);

 private:
  using Items = std::vector<media::HistoryItem>;
  struct Pass;

  runtime::Task<base::Result<Items>> next_slice(Pass& pass);
  runtime::Task<base::Result<media::HistoryEnd>> prove(Blob& chunk);
  runtime::Task<base::Result<void>> keep_facts(Blob& chunk);
  runtime::Task<base::Result<void>> keep(Items items);
  runtime::Task<base::Result<void>> keep_end(const media::HistoryEnd& end);
  runtime::Task<base::Result<void>> learn_new_pairs(std::vector<store::LidMapping> pairs,
                                                    store::Changes& changes);
  runtime::Task<base::Result<void>> commit_pairs(std::vector<store::LidMapping> pairs);
  runtime::Task<base::Result<std::uint64_t>> forward_messages(Blob& chunk);
  runtime::Task<base::Result<std::uint64_t>> forward(Items items);
  runtime::Task<base::Result<void>> wait_for_room();

  DeskParts& parts_;
  AccountBook& book_;
};

}  // namespace whatsapp
