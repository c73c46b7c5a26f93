#include "instance_manager/instance_options.h"

#include <doctest/doctest.h>

using worker::InstanceOptions;
using worker::read_instance_options;

TEST_CASE("options of an instance are read, each of them optional") {
  const auto all = read_instance_options(
      R"({"logout":true,"pairing_round":2,"presence":"available","reject_calls":true,"humanize":{"typing":true}})");
  CHECK(all.logout);
  CHECK(all.pairing_round == 2);
  CHECK(all.presence == InstanceOptions::Presence::kAvailable);
  CHECK(all.reject_calls);
  CHECK(all.humanize.typing);
  CHECK_FALSE(all.humanize.read);
  CHECK(read_instance_options("") == InstanceOptions{});
  CHECK(read_instance_options(R"({"humanize":true})").humanize.read);
}

TEST_CASE("options of the wrong shape count as not set") {
  for (const char* text :
       {"{", "[]", "7", R"({"logout":"yes","pairing_round":"2","presence":1,"humanize":[1]})"})
    CHECK(read_instance_options(text) == InstanceOptions{});
}
