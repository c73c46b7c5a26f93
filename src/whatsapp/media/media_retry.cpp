#include "whatsapp/media/media_retry.h"

#include "crypto/aes.h"
#include "crypto/hkdf.h"
#include "proto/media.pb.h"

namespace whatsapp::media {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;

SealedRetry seal(const MediaKey& media_key, std::string_view message_id, std::string_view plaintext,
                 base::Random& random) {
  const auto key = retry_key(media_key);
  SealedRetry sealed{.iv = random.bytes<12>(), .ciphertext = {}};
  sealed.ciphertext =
      crypto::aes256_gcm_seal(key.bytes(), sealed.iv, base::as_bytes(message_id), base::as_bytes(plaintext));
  return sealed;
}

template <class Message>
base::Result<Message> open(const MediaKey& media_key, std::string_view message_id, ByteView iv,
                           ByteView ciphertext) {
  constexpr std::size_t kLargest = 64 * 1024;
  if (iv.size() != 12) return base::fail(ErrorCode::kMalformed, "media retry: IV is not 12 bytes");
  if (ciphertext.size() > kLargest) return base::fail(ErrorCode::kLimit, "media retry: too long");
  const auto key = retry_key(media_key);
  WA_TRY(const Bytes plaintext,
         crypto::aes256_gcm_open(key.bytes(), iv.first<12>(), base::as_bytes(message_id), ciphertext));
  Message message;
  if (!message.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size())))
    return base::fail(ErrorCode::kMalformed, "media retry: not the expected record");
  if (message.stanza_id() != message_id)
    return base::fail(ErrorCode::kCrypto, "media retry: made for another message");
  return message;
}

}  // namespace

base::Secret<32> retry_key(const MediaKey& media_key) {
  return crypto::hkdf_sha256<32>(media_key.view(), {}, "WhatsApp Media Retry Notification");
}

SealedRetry seal_retry_request(const MediaKey& media_key, std::string_view message_id, base::Random& random) {
  proto::ServerErrorReceipt receipt;
  receipt.set_stanza_id(std::string{message_id});
  return seal(media_key, message_id, receipt.SerializeAsString(), random);
}

base::Result<void> open_retry_request(const MediaKey& media_key, std::string_view message_id, ByteView iv,
                                      ByteView ciphertext) {
  WA_TRY_VOID(open<proto::ServerErrorReceipt>(media_key, message_id, iv, ciphertext));
  return {};
}

SealedRetry seal_retry_answer(const MediaKey& media_key, std::string_view message_id,
                              const RetryAnswer& answer, base::Random& random) {
  proto::MediaRetryNotification notification;
  notification.set_stanza_id(std::string{message_id});
  if (!answer.direct_path.empty()) notification.set_direct_path(answer.direct_path);
  notification.set_result(static_cast<std::int32_t>(answer.result));
  return seal(media_key, message_id, notification.SerializeAsString(), random);
}

base::Result<RetryAnswer> open_retry_answer(const MediaKey& media_key, std::string_view message_id,
                                            ByteView iv, ByteView ciphertext) {
  WA_TRY(const auto notification, open<proto::MediaRetryNotification>(media_key, message_id, iv, ciphertext));
  return RetryAnswer{.result = static_cast<RetryResult>(notification.result()),
                     .direct_path = notification.direct_path()};
}

}  // namespace whatsapp::media
