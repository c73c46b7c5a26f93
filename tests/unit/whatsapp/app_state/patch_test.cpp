#include "whatsapp/app_state/patch.h"

#include "unit/whatsapp/app_state/app_state_bench.h"
#include "whatsapp/app_state/wire.h"

using namespace app_state_bench;
using whatsapp::proto::SyncdMutations;
using whatsapp::proto::SyncdPatch;

namespace {

SyncdPatch wire_patch() {
  Device device;
  SyncdPatch wire;
  REQUIRE(parse(wire, device.write({set("a"), set("b")})));
  return wire;
}

void refer(SyncdPatch& wire) {
  auto& reference = *wire.mutable_external_mutations();
  reference.set_media_key(std::string(32, 'k'));
  reference.set_direct_path("/v/t62");
  reference.set_file_enc_sha256(std::string(32, 'h'));
}

bool refused(const SyncdPatch& wire) { return !read_patch(serialised(wire)).has_value(); }

}  // namespace

TEST_CASE("mutations that are elsewhere are asked for, and then applied") {
  SyncdPatch wire = wire_patch();
  SyncdMutations file;
  file.mutable_mutations()->Swap(wire.mutable_mutations());
  refer(wire);
  auto patch = read_patch(serialised(wire));
  REQUIRE(patch.has_value());
  REQUIRE(patch->external.has_value());
  CHECK(patch->external->direct_path == "/v/t62");
  CHECK(patch->external->media_key[0] == 'k');

  Device ours;
  CHECK(reason_of(ours.apply(*patch)) == RejectReason::kNotDownloaded);
  CHECK_FALSE(add_external(*patch, {}).has_value());
  CHECK_FALSE(add_external(*patch, base::Bytes{0x0a, 0x05}).has_value());
  REQUIRE(add_external(*patch, serialised(file)).has_value());
  CHECK(touched_entries(*patch).size() == 2);
  CHECK(ours.apply(*patch).has_value());
}

TEST_CASE("mutations inside and outside, or a reference that leads nowhere, are refused") {
  SyncdPatch both = wire_patch();
  refer(both);
  CHECK(refused(both));
  SyncdPatch nowhere = wire_patch();
  nowhere.clear_mutations();
  refer(nowhere);
  CHECK_FALSE(refused(nowhere));
  nowhere.mutable_external_mutations()->clear_direct_path();
  CHECK(refused(nowhere));
  refer(nowhere);
  nowhere.mutable_external_mutations()->set_media_key("short");
  CHECK(refused(nowhere));
}

TEST_CASE("a patch without MACs or key id, with an operation of tomorrow, or cut short is refused") {
  const SyncdPatch good = wire_patch();
  CHECK_FALSE(refused(good));
  SyncdPatch bad = good;
  bad.clear_patch_mac();
  CHECK(refused(bad));
  bad = good;
  bad.set_snapshot_mac(std::string(31, 'x'));
  CHECK(refused(bad));
  bad = good;
  bad.clear_key_id();
  CHECK(refused(bad));
  bad = good;
  bad.mutable_mutations(0)->set_operation(2);
  CHECK(refused(bad));
  auto bytes = serialised(good);
  for (std::size_t size = 1; size < bytes.size(); ++size)
    CHECK_FALSE(read_patch(base::ByteView{bytes}.first(size)).has_value());
}

TEST_CASE("an absent operation sets") {
  SyncdPatch wire = wire_patch();
  wire.mutable_mutations(0)->clear_operation();
  const auto patch = read_patch(serialised(wire));
  REQUIRE(patch.has_value());
  CHECK(patch->mutations[0].operation == Operation::kSet);
}

TEST_CASE("an exit code is terminal, whatever else the patch holds") {
  SyncdPatch wire;
  wire.mutable_exit_code()->set_code(3);
  const auto patch = read_patch(serialised(wire));
  REQUIRE(patch.has_value());
  Device ours;
  CHECK(reason_of(ours.apply(*patch)) == RejectReason::kTerminal);
}

TEST_CASE("the reference of a snapshot is read") {
  SyncdPatch wire;
  refer(wire);
  const auto reference = read_blob_reference(serialised(wire.external_mutations()));
  REQUIRE(reference.has_value());
  CHECK(reference->file_enc_sha256 == base::Bytes(32, 'h'));
  CHECK_FALSE(read_blob_reference({}).has_value());
  CHECK_FALSE(read_blob_reference(base::Bytes{0xff}).has_value());
}
