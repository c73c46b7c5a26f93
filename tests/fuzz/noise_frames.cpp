// The stream below the stanzas: prologues, frames in any pieces, handshake messages, certificates.
#include "input.h"
#include "whatsapp/noise/certificate.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"
#include "whatsapp/noise/handshake_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whatsapp::noise;
  fuzz::Input in(data, size);
  const auto kind = in.byte() % 4;
  if (kind == 0) {
    (void)read_prologue(in.rest());
  } else if (kind == 1) {
    FrameReader reader(4'096);
    while (!in.empty()) {
      reader.push(in.piece());
      for (;;) {
        const auto frame = reader.next();
        if (!frame) return 0;
        if (!*frame) break;
      }
    }
  } else if (kind == 2) {
    (void)parse_handshake_message(in.rest());
  } else {
    crypto::PublicKey key{};
    key[0] = 9;
    CertificatePolicy policy;
    policy.root = key;
    (void)verify_chain(in.rest(), key, policy, 1'700'000'000);
  }
  return 0;
}
