// creds.json: the keys of the device and its link. Everything that can be proved is proved here: key pairs
// belong together, the phone signed this device, the device signed back. A file that fails is refused as a
// whole, because pairing anew in its place would lose the link. Spec 09 §4.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "whatsapp/store/device_store.h"

namespace importers {

struct BaileysCreds {
  whatsapp::store::DeviceCredentials device;  // `paired` is always there
  crypto::PublicKey account_key{};            // the phone's identity
  std::uint32_t first_not_uploaded = 1;       // pre-keys below this id were uploaded, or nearly
  std::uint32_t key_index = 0;
  bool knows_lid = false;
};

/// kNotFound: well formed, but the device is not linked: there is nothing to take over. kMalformed, kCrypto.
base::Result<BaileysCreds> read_creds(std::string_view text, std::int64_t now);

}  // namespace importers
