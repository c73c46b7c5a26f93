// Stanzas: what decodes is encoded again and must decode to the same.
#include "input.h"
#include "whatsapp/binary/codec.h"
#include "whatsapp/binary/inflate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto node = whatsapp::binary::decode({data, size});
  if (!node) return 0;
  const auto again = whatsapp::binary::encode(*node);
  if (again && !whatsapp::binary::decode(*again)) __builtin_trap();
  return 0;
}
