#include "whatsapp/message/message_id.h"

#include <doctest/doctest.h>

#include <set>

#include "vector_check/replay_random.h"

using namespace whatsapp::message;

TEST_CASE("the known account, time and randomness give the known id") {
  vector_check::ReplayRandom random;
  for (std::uint8_t byte = 0; byte < 16; ++byte) random.give(base::FixedBytes<1>{byte});
  CHECK(generate_message_id("15550001111", 1'700'000'000, random) == "3EB0B60EE93DD91536D839");
}

TEST_CASE("ids have 22 characters of upper-case hex behind 3EB0 and do not repeat") {
  base::SeededRandom random{1};
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(generate_message_id("15550001111", 1'700'000'000, random));
  CHECK(ids.size() == 1000);
  for (const auto& id : ids) {
    CHECK(id.size() == 22);
    CHECK(id.starts_with("3EB0"));
    CHECK(id.find_first_not_of("0123456789ABCDEF") == std::string::npos);
  }
}

TEST_CASE("a queued message has the same id after every start, and no other has it") {
  const auto id = derive_message_id("instance", "queue");
  CHECK(id == derive_message_id("instance", "queue"));
  CHECK(id.size() == 22);
  CHECK(id.starts_with("3EB0"));
  CHECK(id != derive_message_id("instance", "queue2"));
  CHECK(id != derive_message_id("instancequeue", ""));
  CHECK(derive_message_id("a", "bc") != derive_message_id("ab", "c"));
}
