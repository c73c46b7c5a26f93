#include "whatsapp/binary/iq.h"

#include <doctest/doctest.h>

#include <regex>
#include <thread>
#include <unordered_set>

using namespace whatsapp::binary;
using base::ErrorCode;

TEST_CASE("request ids share a random prefix and count from 1") {
  base::SeededRandom random{1};
  RequestIds ids{random};
  const std::string first = ids.next();
  CHECK(std::regex_match(first, std::regex{R"(\d{1,5}\.\d{1,5}-1)"}));
  CHECK(ids.next() == first.substr(0, first.size() - 1) + "2");
  RequestIds others{random};
  CHECK(others.next() != first);
}

TEST_CASE("ids stay unique when many threads draw them") {
  base::SeededRandom random{2};
  RequestIds ids{random};
  constexpr std::size_t kThreads = 16;
  constexpr std::size_t kEach = 10'000;
  std::vector<std::vector<std::string>> drawn(kThreads);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : drawn)
      threads.emplace_back([&ids, &mine] {
        for (std::size_t i = 0; i < kEach; ++i) mine.push_back(ids.next());
      });
  }
  std::unordered_set<std::string> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == kThreads * kEach);
}

TEST_CASE("the error of an answer is read, with code, text and backoff") {
  const Node answer =
      Node("iq")
          .with("type", "error")
          .add(Node("error").with("code", "429").with("text", "rate-overlimit").with("backoff", "30"));
  const auto error = iq_error(answer);
  REQUIRE(error.has_value());
  CHECK(error->code == 429);
  CHECK(error->text == "rate-overlimit");
  CHECK(error->backoff == std::chrono::seconds{30});
  CHECK(is_retryable(*error));

  const auto result = check_answer(answer);
  CHECK(result.error().code == ErrorCode::kUnavailable);
  CHECK(result.error().detail == 429);
}

TEST_CASE("a final error is a rejection, a result a success, anything else no answer") {
  const Node gone =
      Node("iq").with("type", "error").add(Node("error").with("code", "404").with("text", "item-not-found"));
  CHECK(check_answer(gone).error().code == ErrorCode::kRejected);
  CHECK(check_answer(gone).error().detail == 404);
  CHECK(check_answer(Node("iq").with("type", "result")).has_value());
  CHECK(check_answer(Node("ack").with("class", "message")).has_value());
  CHECK(check_answer(Node("ack").with("error", "479")).error().detail == 479);
  CHECK(check_answer(Node("iq").with("type", "set")).error().code == ErrorCode::kMalformed);
  CHECK(check_answer(Node("message")).error().code == ErrorCode::kMalformed);
  CHECK(check_answer(Node("iq").with("type", "error")).error().code == ErrorCode::kRejected);
}

TEST_CASE("numbers out of range in an error are as good as none") {
  for (const char* code : {"-1", "99999999999999", "x", ""}) {
    const Node answer =
        Node("iq").with("type", "error").add(Node("error").with("code", code).with("backoff", code));
    const auto error = iq_error(answer);
    REQUIRE(error.has_value());
    CHECK(error->code == 0);
    CHECK_FALSE(error->backoff.has_value());
  }
}
