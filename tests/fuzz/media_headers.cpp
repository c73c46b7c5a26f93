// Everything about a file that a peer says, and the files themselves.
#include "input.h"
#include "whatsapp/media/media_decryptor.h"
#include "whatsapp/media/media_retry.h"
#include "whatsapp/media/media_url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whatsapp::media;
  fuzz::Input in(data, size);
  const MediaKey key{};
  switch (in.byte() % 4) {
    case 0: {
      const auto path = fuzz::text(in.rest());
      const auto target = download_target(path, crypto::Sha256Digest{}, MediaKind::kImage);
      // What may follow a host must not become another one.
      if (target && (!target->starts_with('/') || target->starts_with("//"))) __builtin_trap();
      (void)is_media_url(path);
      break;
    }
    case 1:
      (void)open_retry_answer(key, "3EB0", in.take(12), in.rest());
      break;
    case 2:
      (void)open_retry_request(key, "3EB0", in.take(12), in.rest());
      break;
    default: {
      MediaDecryptor decryptor(MediaKeys(key, MediaKind::kVideo), {});
      base::Bytes out;
      while (!in.empty()) decryptor.update(in.piece(), out);
      (void)decryptor.finish(out);
    }
  }
  return 0;
}
