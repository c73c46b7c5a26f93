// The files of a Baileys folder, one at a time and as a folder of several.
#include "importers/baileys_creds.h"
#include "importers/baileys_json.h"
#include "importers/baileys_names.h"
#include "importers/baileys_sender_key.h"
#include "importers/baileys_session.h"
#include "importers/small_records.h"
#include "input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace importers;
  fuzz::Input in(data, size);
  const auto kind = in.byte() % 7;
  const auto text = fuzz::text(in.rest());
  if (kind == 0) (void)read_creds(text, 1'800'000'000);
  if (kind == 1) {
    if (const auto json = parse_json(text)) (void)read_bytes(*json);
  }
  if (kind == 2) (void)record_of_file(text);
  if (kind == 3) {
    (void)parse_address(text);
    (void)parse_sender_key_name(text);
  }
  if (kind == 4) (void)read_sender_keys(text, SenderKeyOwner{});
  if (kind == 5) (void)read_session(text, {});
  if (kind == 6) {
    (void)read_pre_key("7", text);
    (void)read_identity_key(text);
    (void)read_lid_mapping("5511", text);
    (void)read_app_state_key("AAAA", text);
    (void)read_privacy_token("5511", text);
  }
  return 0;
}
