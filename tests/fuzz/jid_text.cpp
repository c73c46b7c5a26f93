// Addresses as text: what parses is written in a form that parses to the same.
#include "input.h"
#include "whatsapp/binary/jid.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using whatsapp::binary::Jid;
  const auto text = fuzz::text({data, size});
  (void)Jid::from_phone(text);
  (void)Jid::from_recipient(text);
  const auto jid = Jid::parse(text);
  if (!jid) return 0;
  const auto again = Jid::parse(jid->to_string());
  if (!again || *again != *jid) __builtin_trap();
  return 0;
}
