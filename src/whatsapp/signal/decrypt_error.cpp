#include "whatsapp/signal/decrypt_error.h"

namespace whatsapp::signal {

std::string_view to_string(DecryptError error) {
  switch (error) {
    case DecryptError::kNoSession:
      return "no_session";
    case DecryptError::kNoSenderKey:
      return "no_sender_key";
    case DecryptError::kInvalidKeyId:
      return "invalid_key_id";
    case DecryptError::kInvalidKey:
      return "invalid_key";
    case DecryptError::kInvalidMessage:
      return "invalid_message";
    case DecryptError::kInvalidSignature:
      return "invalid_signature";
    case DecryptError::kTooFarAhead:
      return "too_far_ahead";
    case DecryptError::kBadMac:
      return "bad_mac";
    case DecryptError::kInvalidSession:
      return "invalid_session";
    case DecryptError::kDuplicate:
      return "duplicate";
  }
  return "unknown";
}

std::optional<int> retry_reason_code(DecryptError error) {
  switch (error) {
    case DecryptError::kNoSession:
    case DecryptError::kNoSenderKey:
      return 1;
    case DecryptError::kInvalidKey:
      return 2;
    case DecryptError::kInvalidKeyId:
      return 3;
    case DecryptError::kInvalidMessage:
      return 4;
    case DecryptError::kInvalidSignature:
      return 5;
    case DecryptError::kTooFarAhead:
      return 6;
    case DecryptError::kBadMac:
      return 7;
    case DecryptError::kInvalidSession:
      return 8;
    case DecryptError::kDuplicate:
      return std::nullopt;
  }
  return 0;
}

}  // namespace whatsapp::signal
