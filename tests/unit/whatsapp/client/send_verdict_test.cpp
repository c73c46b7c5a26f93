#include "whatsapp/client/send_verdict.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace whatsapp;
using binary::Node;
using Result = SendVerdict::Result;

TEST_CASE("an ack without error is sent, with the server's time and its opinion about devices and LID") {
  const auto plain = read_send_ack(Node("ack").with("t", "17"));
  CHECK(plain.result == Result::kSent);
  CHECK(plain.timestamp == 17);
  CHECK(plain.phash.empty());
  const auto opinion = read_send_ack(Node("ack").with("phash", "2:AAAAAAAA").with("refresh_lid", "true"));
  CHECK(opinion.result == Result::kSent);
  CHECK(opinion.phash == "2:AAAAAAAA");
  CHECK(opinion.lid == SendVerdict::Lid::kStale);
}

TEST_CASE("each error code has its consequence") {
  struct Case {
    const char* code;
    Result result;
    base::ErrorCode error;
    SendVerdict::DeviceLists lists;
  };
  using Lists = SendVerdict::DeviceLists;
  const std::vector<Case> cases{
      {"400", Result::kFailed, base::ErrorCode::kRejected, Lists::kRight},
      {"403", Result::kFailed, base::ErrorCode::kRejected, Lists::kStale},
      {"404", Result::kFailed, base::ErrorCode::kRejected, Lists::kStale},
      {"406", Result::kFailed, base::ErrorCode::kRejected, Lists::kStale},
      {"408", Result::kAgain, base::ErrorCode::kUnavailable, Lists::kRight},
      {"421", Result::kFailed, base::ErrorCode::kRejected, Lists::kStale},
      {"429", Result::kAgain, base::ErrorCode::kUnavailable, Lists::kRight},
      {"463", Result::kFailed, base::ErrorCode::kRejected, Lists::kRight},
      {"475", Result::kFailed, base::ErrorCode::kRejected, Lists::kRight},
      {"479", Result::kFailed, base::ErrorCode::kRejected, Lists::kRight},
      {"500", Result::kAgain, base::ErrorCode::kUnavailable, Lists::kRight},
      {"503", Result::kAgain, base::ErrorCode::kUnavailable, Lists::kRight},
      {"nonsense", Result::kFailed, base::ErrorCode::kRejected, Lists::kRight},
  };
  for (const Case& one : cases) {
    CAPTURE(one.code);
    const auto verdict = read_send_ack(Node("ack").with("error", one.code));
    CHECK(verdict.result == one.result);
    CHECK(verdict.error.code == one.error);
    CHECK(verdict.error.detail == std::atoi(one.code));
    CHECK(verdict.device_lists == one.lists);
  }
  CHECK(read_send_ack(Node("ack").with("error", "400").with("type", "wait")).result == Result::kAgain);
  CHECK(read_send_ack(Node("ack").with("error", "421")).lid == SendVerdict::Lid::kStale);
}
