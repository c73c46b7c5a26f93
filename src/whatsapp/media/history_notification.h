// The notice by which the own phone announces a chunk of history: where it is, or all of it if it is small
// (spec 07 B2). It comes inside a protocol message and counts only when the own account sent it, which is for
// the caller to check.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/media/file_proof.h"
#include "whatsapp/media/history_items.h"

namespace whatsapp::media {

/// A chunk that came with its notice, compressed.
struct InlineHistory {
  base::Bytes compressed;
};

/// A chunk on the media hosts, of MediaKind::kHistory.
struct ExternalHistory {
  EncryptedFileProof proof;
  std::string direct_path;
  std::string enc_handle;  // for deleting it there; may be empty
};

struct HistoryNotification {
  SyncType sync_type = SyncType::kInitialBootstrap;
  std::uint32_t chunk_order = 0;
  std::uint32_t progress = 0;
  std::string request_id;  // of our request, if it is an answer to one
  /// Nothing for types that announce no data.
  std::variant<std::monostate, InlineHistory, ExternalHistory> data;
};

/// kMalformed if it does not parse or refers to a file with hashes or keys of another length.
base::Result<HistoryNotification> read_history_notification(base::ByteView serialised);

}  // namespace whatsapp::media
