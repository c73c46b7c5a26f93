#include "whatsapp/signal/decrypt_error.h"

#include <doctest/doctest.h>

using namespace whatsapp::signal;

TEST_CASE("a retry receipt names the reason by the protocol's numbers") {
  CHECK(retry_reason_code(DecryptError::kNoSession) == 1);
  CHECK(retry_reason_code(DecryptError::kNoSenderKey) == 1);
  CHECK(retry_reason_code(DecryptError::kInvalidKey) == 2);
  CHECK(retry_reason_code(DecryptError::kInvalidKeyId) == 3);
  CHECK(retry_reason_code(DecryptError::kInvalidMessage) == 4);
  CHECK(retry_reason_code(DecryptError::kInvalidSignature) == 5);
  CHECK(retry_reason_code(DecryptError::kTooFarAhead) == 6);
  CHECK(retry_reason_code(DecryptError::kBadMac) == 7);
  CHECK(retry_reason_code(DecryptError::kInvalidSession) == 8);
}

TEST_CASE("a duplicate is not asked for again") { CHECK(!retry_reason_code(DecryptError::kDuplicate)); }
