#include "edge/contact_resolver.h"

#include <doctest/doctest.h>

#include "scripted_transport.h"

using namespace std::chrono_literals;
using namespace edge;

namespace {

ContactQuery person(std::string jid) { return {"i1", std::move(jid), JidType::kPn, "Ana"}; }

struct ResolverBench : ClientBench {
  ContactResolver resolver{loop, client, {.max_entries = 2, .max_running = 8}};
  ~ResolverBench() {
    scope.spawn(resolver.close());
    loop.run_until_idle();
  }
  std::optional<std::string> ask(const std::string& jid) {
    (void)resolver.lookup(person(jid));
    loop.run_until_idle();
    return resolver.lookup(person(jid));
  }
};

runtime::Task<void> resolve_into(ContactResolver& resolver, ContactQuery query,
                                 std::optional<std::string>& out) {
  out = co_await resolver.resolve(std::move(query), 2s);
}

}  // namespace

TEST_CASE("a contact is asked for once and remembered for a day") {
  ResolverBench bench;
  bench.transport.answer(200, R"({"id":"c1"})");
  bench.transport.answer(200, R"({"id":"c2"})");
  CHECK(bench.ask("a") == "c1");
  bench.advance(23h);
  CHECK(bench.ask("a") == "c1");
  CHECK(bench.transport.requests.size() == 1);
  bench.advance(1h);
  CHECK(bench.ask("a") == "c2");
}

TEST_CASE("errors are remembered for a minute, duplicates for five") {
  ResolverBench bench;
  bench.transport.answer(500);
  bench.transport.answer(409);
  bench.transport.answer(200, R"({"id":"c1"})");
  CHECK_FALSE(bench.ask("a"));
  bench.advance(59s);
  CHECK_FALSE(bench.ask("a"));
  CHECK(bench.transport.requests.size() == 1);
  bench.advance(1s);
  CHECK_FALSE(bench.ask("a"));
  CHECK(bench.transport.requests.size() == 2);
  bench.advance(299s);
  CHECK_FALSE(bench.ask("a"));
  CHECK(bench.transport.requests.size() == 2);
  bench.advance(1s);
  CHECK(bench.ask("a") == "c1");
}

TEST_CASE("the memory is bounded: the least recently used contact is forgotten") {
  ResolverBench bench;
  for (int i = 0; i < 4; ++i) bench.transport.answer(200, R"({"id":"c"})");
  CHECK(bench.ask("a"));
  CHECK(bench.ask("b"));
  CHECK(bench.ask("a"));
  CHECK(bench.ask("c"));
  CHECK(bench.transport.requests.size() == 3);
  CHECK(bench.ask("a"));
  CHECK(bench.transport.requests.size() == 3);
  CHECK(bench.ask("b"));
  CHECK(bench.transport.requests.size() == 4);
}

TEST_CASE("with patience the first message has the id already") {
  ResolverBench bench;
  bench.transport.answer(200, R"({"id":"c1"})");
  std::optional<std::string> found;
  bench.scope.spawn(resolve_into(bench.resolver, person("a"), found));
  bench.loop.run_until_idle();
  CHECK(found == "c1");
}
