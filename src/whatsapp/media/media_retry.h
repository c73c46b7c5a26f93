// When a file is gone from the media hosts, our own phone can upload its copy again. We ask with a receipt of
// type "server-error", it answers with a notification "mediaretry"; both carry a small protobuf sealed with a
// key of the file, the message id as additional data (spec 06 §5):
//
//   key = HKDF-SHA256(media key, no salt, "WhatsApp Media Retry Notification", 32)
//   <enc_iv> 12 bytes, <enc_p> AES-256-GCM ciphertext || 16-byte tag
//
// The same for a chunk of history, whose "message" is the notification that announced it.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "whatsapp/media/media_keys.h"

namespace whatsapp::media {

/// enc_iv and enc_p of the stanza.
struct SealedRetry {
  base::FixedBytes<12> iv{};
  base::Bytes ciphertext;
};

/// How the phone got on. Other numbers may come; they mean failure.
enum class RetryResult : std::int32_t {
  kGeneralError = 0,  // trying again later makes sense
  kSuccess = 1,
  kNotFound = 2,         // the phone has not got it either
  kDecryptionError = 3,  // the phone could not read the request
};

struct RetryAnswer {
  RetryResult result = RetryResult::kGeneralError;
  /// Where the file is now; keys, hashes and length stay. Empty if the phone named none. May come with any
  /// result, and is then worth trying.
  std::string direct_path;
};

base::Secret<32> retry_key(const MediaKey& media_key);

/// Draws the 12 bytes of the IV.
SealedRetry seal_retry_request(const MediaKey& media_key, std::string_view message_id, base::Random& random);

/// `iv` and `ciphertext` are bytes from the stanza, of any length. kMalformed for a wrong shape, kCrypto if
/// it was sealed for another file or message, or names another message inside.
base::Result<RetryAnswer> open_retry_answer(const MediaKey& media_key, std::string_view message_id,
                                            base::ByteView iv, base::ByteView ciphertext);

/// The phone's side.
base::Result<void> open_retry_request(const MediaKey& media_key, std::string_view message_id,
                                      base::ByteView iv, base::ByteView ciphertext);
SealedRetry seal_retry_answer(const MediaKey& media_key, std::string_view message_id,
                              const RetryAnswer& answer, base::Random& random);

}  // namespace whatsapp::media
