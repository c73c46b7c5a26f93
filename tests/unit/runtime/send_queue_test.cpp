#include "runtime/send_queue.h"

#include <doctest/doctest.h>

using runtime::SendQueue;

TEST_CASE("bytes leave in the order they came, in any portions") {
  SendQueue queue;
  std::string expected, seen;
  for (int i = 0; i < 500; ++i) {
    const std::string piece = std::to_string(i) + ",";
    queue.push(piece);
    expected += piece;
  }
  CHECK(queue.size() == expected.size());
  while (!queue.empty()) {
    const std::string_view part = queue.front().substr(0, 2);
    seen += part;
    queue.pop(part.size());
  }
  CHECK(seen == expected);
  CHECK(queue.front().empty());
}

TEST_CASE("what is pushed to the front goes first") {
  SendQueue queue;
  queue.push("b");
  queue.push("");
  queue.push_front("a");
  CHECK(queue.front() == "a");
  queue.pop(1);
  CHECK(queue.front() == "b");
}
