#include "connection/reconnect_policy.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using whatsapp::Ended;
using whatsapp::Reaction;
using worker::Park;
using worker::PutAuthAside;
using worker::ReconnectAfter;
using worker::ReconnectPolicy;

namespace {

Ended ended(Reaction reaction, int code = 0, Ended::Reached reached = Ended::Reached::kNothing) {
  Ended end;
  end.reaction = reaction;
  end.code = code;
  end.reached = reached;
  end.reason = "test";
  return end;
}

base::Duration delay_of(const worker::Decision& decision) {
  REQUIRE(std::holds_alternative<ReconnectAfter>(decision));
  return std::get<ReconnectAfter>(decision).delay;
}

struct Fixture {
  base::ManualClock clock;
  base::SeededRandom random{7};
  ReconnectPolicy policy{{}, clock, random};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "failures wait 2, 5, 10, 20, 40, 60, 60 s, each within 10 %") {
  for (const auto step : {2'000, 5'000, 10'000, 20'000, 40'000, 60'000, 60'000}) {
    const auto delay = delay_of(policy.after(ended(Reaction::kRetry))).count();
    CHECK(delay >= step * 9 / 10);
    CHECK(delay <= step * 11 / 10);
  }
  CHECK(policy.attempts() == 7);
}

TEST_CASE_FIXTURE(Fixture, "reaching open starts the backoff from the first step again") {
  for (int i = 0; i < 5; ++i) (void)policy.after(ended(Reaction::kRetry));
  policy.opened();
  CHECK(delay_of(policy.after(ended(Reaction::kRetry, 0, Ended::Reached::kOpen))) <= 2'200ms);
}

TEST_CASE_FIXTURE(Fixture, "a suspicious cause starts at the 60 s level") {
  CHECK(delay_of(policy.after(ended(Reaction::kRetrySlow))) >= 54s);
}

TEST_CASE_FIXTURE(Fixture, "515 right after pairing reconnects at once, however often pairing is repeated") {
  for (int i = 0; i < 10; ++i)
    CHECK(delay_of(policy.after(ended(Reaction::kRetryNow, 515, Ended::Reached::kPaired))) == 0ms);
}

TEST_CASE_FIXTURE(Fixture,
                  "only the third 515 in a row that never reached open counts as an invalid session") {
  CHECK(delay_of(policy.after(ended(Reaction::kRetryNow, 515))) == 0ms);
  CHECK(delay_of(policy.after(ended(Reaction::kRetryNow, 515))) == 0ms);
  CHECK(std::get<PutAuthAside>(policy.after(ended(Reaction::kRetryNow, 515))).reason == "invalid_session");
}

TEST_CASE_FIXTURE(Fixture, "an open in between forgives the 515s before it") {
  for (int round = 0; round < 5; ++round) {
    (void)policy.after(ended(Reaction::kRetryNow, 515));
    (void)policy.after(ended(Reaction::kRetryNow, 515));
    policy.opened();
  }
  CHECK(std::holds_alternative<ReconnectAfter>(policy.after(ended(Reaction::kRetryNow, 515))));
}

TEST_CASE_FIXTURE(Fixture, "a server that restarts us again and again after open is met with the backoff") {
  const auto restart = ended(Reaction::kRetryNow, 515, Ended::Reached::kOpen);
  for (int i = 0; i < 3; ++i) CHECK(delay_of(policy.after(restart)) == 0ms);
  CHECK(delay_of(policy.after(restart)) >= 1'800ms);
  clock.advance(10min);
  CHECK(delay_of(policy.after(restart)) == 0ms);
}

TEST_CASE_FIXTURE(Fixture, "an ambiguous end is confirmed by one login at once, then waits like a failure") {
  CHECK(delay_of(policy.after(ended(Reaction::kConfirm, 516))) == 0ms);
  CHECK(delay_of(policy.after(ended(Reaction::kConfirm, 516))) >= 1'800ms);
}

TEST_CASE_FIXTURE(Fixture, "an unlinked device's auth is put aside with the server's reason") {
  CHECK(std::get<PutAuthAside>(policy.after(ended(Reaction::kWipe, 401))).reason == "test");
}

TEST_CASE_FIXTURE(Fixture, "a replaced account stands still for an hour, a banned one until the ban ends") {
  CHECK(std::get<Park>(policy.after(ended(Reaction::kStop))).until == clock.now() + 1h);
  Ended banned = ended(Reaction::kStop, 402);
  banned.not_before = clock.wall_now() + 90min;
  CHECK(std::get<Park>(policy.after(banned)).until == clock.now() + 90min);
}

TEST_CASE_FIXTURE(Fixture, "refused as outdated: one more try with a fresh version, then once an hour") {
  CHECK(delay_of(policy.after(ended(Reaction::kRetryNow, 405))) == 5s);
  for (int i = 0; i < 3; ++i)
    CHECK(std::get<Park>(policy.after(ended(Reaction::kRetryNow, 405))).until == clock.now() + 1h);
  policy.opened();
  CHECK(delay_of(policy.after(ended(Reaction::kRetryNow, 405))) == 5s);
}

TEST_CASE_FIXTURE(Fixture,
                  "five suspicious ends in a row are tried slowly, the sixth stands still for an hour") {
  for (int i = 0; i < 5; ++i) CHECK(delay_of(policy.after(ended(Reaction::kRetrySlow, 400))) >= 54s);
  CHECK(std::get<Park>(policy.after(ended(Reaction::kRetrySlow, 400))).until == clock.now() + 1h);
}
