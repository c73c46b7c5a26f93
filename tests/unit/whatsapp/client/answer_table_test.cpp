#include "whatsapp/client/answer_table.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>

#include "runtime/task_scope.h"

using namespace std::chrono_literals;
using base::ErrorCode;
using whatsapp::AnswerTable;
using whatsapp::binary::Node;

namespace {

using Outcome = std::optional<base::Result<Node>>;

runtime::Task<void> ask(std::shared_ptr<AnswerTable> table, std::string id, base::Duration timeout,
                        Outcome& outcome) {
  AnswerTable::Slot slot(table, std::move(id));
  outcome = co_await slot.wait(timeout);
}

struct Asking {
  ~Asking() {
    scope.cancel();
    loop.run_until_idle();
  }
  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  std::shared_ptr<AnswerTable> table = std::make_shared<AnswerTable>(loop);
  runtime::TaskScope scope{loop};
};

}  // namespace

TEST_CASE("an answer reaches the one who asked, and nobody else") {
  Asking asking;
  Outcome first, second;
  asking.scope.spawn(ask(asking.table, "1", 30s, first));
  asking.scope.spawn(ask(asking.table, "2", 30s, second));
  CHECK(asking.table->resolve("2", Node("b")));
  asking.loop.run_until_idle();
  REQUIRE(second);
  CHECK((*second)->tag() == "b");
  CHECK_FALSE(first);
  CHECK(asking.table->waiting() == 1);
}

TEST_CASE("a time-out leaves nothing behind, and the late answer is dropped") {
  Asking asking;
  Outcome outcome;
  asking.scope.spawn(ask(asking.table, "1", 30s, outcome));
  asking.clock.advance(30s);
  asking.loop.run_until_idle();
  REQUIRE(outcome);
  CHECK(outcome->error().code == ErrorCode::kTimeout);
  CHECK(asking.table->waiting() == 0);
  CHECK_FALSE(asking.table->resolve("1", Node("late")));
}

TEST_CASE("the end of the connection reaches all who wait, and all who come later") {
  Asking asking;
  Outcome outcomes[50];
  for (int i = 0; i < 50; ++i) asking.scope.spawn(ask(asking.table, std::to_string(i), 30s, outcomes[i]));
  asking.table->close();
  Outcome late;
  asking.scope.spawn(ask(asking.table, "late", 30s, late));
  asking.loop.run_until_idle();
  for (const auto& outcome : outcomes) CHECK(outcome->error().code == ErrorCode::kClosed);
  CHECK(late->error().code == ErrorCode::kClosed);
  CHECK(asking.table->waiting() == 0);
}

TEST_CASE("a slot may outlive the table's connection and its last owner") {
  Asking asking;
  auto slot = std::make_unique<AnswerTable::Slot>(asking.table, "1");
  asking.table->close();
  asking.table.reset();
  slot.reset();
}
