#include "whatsapp/pairing/adv_prefix.h"

#include "crypto/hmac.h"

namespace whatsapp::pairing {

base::FixedBytes<32> container_hmac(const AdvSecret& secret, Encryption account_type,
                                    base::ByteView signed_identity) {
  if (account_type == Encryption::kHosted)
    return crypto::hmac_sha256(secret.view(), kHostedAccountPrefix, signed_identity);
  return crypto::hmac_sha256(secret.view(), signed_identity);
}

}  // namespace whatsapp::pairing
