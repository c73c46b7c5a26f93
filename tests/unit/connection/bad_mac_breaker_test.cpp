#include "connection/bad_mac_breaker.h"

#include <doctest/doctest.h>

#include <string>

using namespace std::chrono_literals;
using whatsapp::signal::DecryptError;
using worker::BadMacBreaker;
using Verdict = worker::BadMacBreaker::Verdict;

namespace {

struct Fixture {
  base::ManualClock clock;
  BadMacBreaker breaker{{.window = 60s, .threshold = 20, .cooldown = 5min}, clock};
  int next = 0;

  Verdict fail(DecryptError error = DecryptError::kBadMac) {
    const int number = next++;
    return breaker.record_failure("message " + std::to_string(number), "peer " + std::to_string(number % 5),
                                  error);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "twenty failures within a minute trip the breaker") {
  for (int i = 0; i < 19; ++i) CHECK(fail() == Verdict::kKeepGoing);
  CHECK(fail() == Verdict::kTripped);
}

TEST_CASE_FIXTURE(Fixture, "spread over more than a minute they do not") {
  for (int i = 0; i < 19; ++i) CHECK(fail() == Verdict::kKeepGoing);
  clock.advance(61s);
  CHECK(fail() == Verdict::kKeepGoing);
  CHECK(breaker.failures() == 1);
}

TEST_CASE_FIXTURE(Fixture, "the same message failing again is not a second failure") {
  for (int i = 0; i < 100; ++i)
    CHECK(breaker.record_failure("one", "peer", DecryptError::kBadMac) == Verdict::kKeepGoing);
  CHECK(breaker.failures() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a failure that a retry repaired is taken back") {
  for (int i = 0; i < 19; ++i) (void)fail(DecryptError::kNoSession);
  breaker.record_repair("message 3");
  CHECK(fail() == Verdict::kKeepGoing);
  CHECK(fail() == Verdict::kTripped);
}

TEST_CASE_FIXTURE(Fixture, "duplicates and unknown formats say nothing about the store") {
  for (int i = 0; i < 50; ++i) CHECK(fail(DecryptError::kDuplicate) == Verdict::kKeepGoing);
  CHECK(breaker.failures() == 0);
}

TEST_CASE_FIXTURE(Fixture, "after tripping it counts from nothing again") {
  for (int i = 0; i < 20; ++i) (void)fail();
  for (int i = 0; i < 19; ++i) CHECK(fail() == Verdict::kKeepGoing);
  CHECK(fail() == Verdict::kTripped);
}

TEST_CASE_FIXTURE(Fixture, "S2: one or two people whose sessions are broken never trip it") {
  for (int i = 0; i < 1000; ++i) {
    const std::string peer = i % 2 == 0 ? "one" : "two";
    CHECK(breaker.record_failure("id " + std::to_string(i), peer, DecryptError::kBadMac) ==
          Verdict::kKeepGoing);
  }
  CHECK(breaker.failures() <= 80);
  CHECK(breaker.record_failure("id", "three", DecryptError::kBadMac) == Verdict::kTripped);
}
