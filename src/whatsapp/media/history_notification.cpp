#include "whatsapp/media/history_notification.h"

#include "proto/history.pb.h"

namespace whatsapp::media {
namespace {

using base::as_bytes;
using base::ErrorCode;

base::Result<ExternalHistory> external_of(const proto::HistorySyncNotification& record) {
  WA_TRY(FileProof proof, read_file_proof(as_bytes(record.media_key()), as_bytes(record.file_enc_sha256()),
                                          as_bytes(record.file_sha256())));
  auto* encrypted = std::get_if<EncryptedFileProof>(&proof);
  if (encrypted == nullptr) return base::fail(ErrorCode::kMalformed, "history: file without its hash");
  return ExternalHistory{
      .proof = *encrypted, .direct_path = record.direct_path(), .enc_handle = record.enc_handle()};
}

}  // namespace

base::Result<HistoryNotification> read_history_notification(base::ByteView serialised) {
  proto::HistorySyncNotification record;
  if (!record.ParseFromArray(serialised.data(), static_cast<int>(serialised.size())))
    return base::fail(ErrorCode::kMalformed, "history: damaged notification");
  HistoryNotification notification{.sync_type = static_cast<SyncType>(record.sync_type()),
                                   .chunk_order = record.chunk_order(),
                                   .progress = record.progress(),
                                   .request_id = record.peer_data_request_session_id(),
                                   .data = {}};
  const std::string& payload = record.initial_hist_bootstrap_inline_payload();
  if (!payload.empty()) {
    notification.data = InlineHistory{base::to_bytes(payload)};
  } else if (!record.direct_path().empty()) {
    WA_TRY(notification.data, external_of(record));
  }
  return notification;
}

}  // namespace whatsapp::media
