// The plaintext of messages: every reader that a decrypted message goes through.
#include "input.h"
#include "whatsapp/message/content.h"
#include "whatsapp/message/message_secret.h"
#include "whatsapp/message/message_secret_content.h"
#include "whatsapp/message/message_secret_report.h"
#include "whatsapp/message/padding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace whatsapp::message;
  const base::ByteView bytes{data, size};
  (void)unpad(bytes);
  (void)read_message(bytes);
  (void)find_add_on(bytes);
  (void)read_vote(bytes);
  (void)read_event_response(bytes);
  (void)read_message_secret(bytes);
  (void)reporting_content(bytes);
  return 0;
}
