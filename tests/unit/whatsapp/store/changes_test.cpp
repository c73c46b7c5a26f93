#include <doctest/doctest.h>

#include "sample_rows.h"
#include "whatsapp/store/memory_device_store.h"

using namespace whatsapp;
using base::Bytes;
using store::Changes;

TEST_CASE("a batch of nothing is empty; one with a single deletion is not") {
  Changes changes;
  CHECK(changes.empty());
  changes.values.emplace_back("x", std::nullopt);
  CHECK_FALSE(changes.empty());
}

namespace {
/// Committing two batches one after the other, and their merge at once, must end in the same state.
struct Twice {
  store::MemoryDeviceStore one_by_one, merged;
  Twice(const Changes& before, const Changes& first, const Changes& second) {
    for (auto* store : {&one_by_one, &merged}) REQUIRE(store->commit(before));
    REQUIRE(one_by_one.commit(first));
    REQUIRE(one_by_one.commit(second));
    Changes both = first;
    both.merge(Changes{second});
    REQUIRE(merged.commit(both));
  }
};
}  // namespace

TEST_CASE("merged batches do what the batches did one by one") {
  Changes before, put, drop, again;
  before.pre_keys = {samples::pre_key(1), samples::pre_key(2)};
  put.values = {{"v", Bytes{1}}};
  put.device_lists = {{"a", {}, 1}, {"b", {}, 1}};
  put.pre_keys_used = {1};
  put.pre_keys_confirmed = {2};
  put.credentials = samples::credentials(1);
  drop.values = {{"v", std::nullopt}};
  drop.device_lists_dropped = {"a"};
  drop.pre_keys = {samples::pre_key(1), samples::pre_key(2)};
  drop.credentials = samples::credentials(2);

  Twice there(before, put, drop);
  CHECK(there.one_by_one.pending_pre_keys(9).value().size() == 2);
  for (auto* store : {&there.one_by_one, &there.merged}) {
    CHECK_FALSE(store->value("v").value().has_value());
    CHECK_FALSE(store->device_list("a").value().has_value());
    CHECK(store->device_list("b").value().has_value());
    CHECK(store->pending_pre_keys(9).value().size() == 2);
    CHECK(store->credentials().value().value().noise.public_key == samples::credentials(2).noise.public_key);
  }

  drop.all_device_lists_dropped = true;
  drop.device_lists = {{"c", {}, 2}};
  Twice all(before, put, drop);
  CHECK_FALSE(all.merged.device_list("b").value().has_value());
  CHECK(all.merged.device_list("c").value().has_value());

  Twice back(before, drop, put);
  for (auto* store : {&back.one_by_one, &back.merged}) {
    CHECK(store->value("v").value() == Bytes{1});
    CHECK(store->device_list("a").value().has_value());
    CHECK(store->pending_pre_keys(9).value().empty());
  }
}
