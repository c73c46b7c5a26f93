// What an edge answers.
#include "edge/json_codec.h"
#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge::json_codec;
  const auto body = fuzz::text({data, size});
  (void)decode_worker_settings(body);
  (void)decode_instances(body);
  (void)decode_queue(body, "shop");
  (void)decode_commands(body, "shop");
  (void)decode_contact_id(body);
  (void)decode_primary_jid(body);
  (void)decode_media_url(body);
  (void)decode_lock(body, LockAnswer::kAcquire, "worker:1");
  (void)decode_lock_batch(body);
  return 0;
}
