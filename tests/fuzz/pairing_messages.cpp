// What the phone and the server say while linking: identities, key lists, codes, QR texts.
#include "input.h"
#include "whatsapp/pairing/device_identity.h"
#include "whatsapp/pairing/key_index_list.h"
#include "whatsapp/pairing/pairing_code.h"
#include "whatsapp/pairing/passkey.h"
#include "whatsapp/pairing/qr_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whatsapp::pairing;
  const base::ByteView bytes{data, size};
  (void)DeviceDetails::parse(bytes);
  (void)SignedDeviceIdentity::parse(bytes);
  (void)KeyIndexList::parse(bytes);
  (void)SignedKeyIndexList::parse(bytes);
  (void)normalise_code(fuzz::text(bytes));
  (void)parse_qr_text(fuzz::text(bytes));
  (void)read_primary_ephemeral(bytes);
  (void)CompanionPrologue::parse(bytes);
  base::Secret<32> key{};
  (void)open_pairing_request(key, bytes);
  return 0;
}
