#include "queue/send_verdict.h"

#include <doctest/doctest.h>

using namespace worker;
using base::Error;
using base::ErrorCode;
using whatsapp::binary::Jid;
using whatsapp::binary::Server;
using Next = SendVerdict::Next;

namespace {
const Jid kPerson("5511999990000", Server::kUser);
const Jid kGroup("120363012345678901", Server::kGroup);

SendVerdict rejected(int code, const Jid& to = kPerson, Attempt attempt = Attempt::kFresh) {
  return judge(Error{ErrorCode::kRejected, "no", code}, to, attempt);
}
}  // namespace

TEST_CASE("whatever may have been delivered is never a failure") {
  for (const auto code : {ErrorCode::kClosed, ErrorCode::kTimeout, ErrorCode::kCancelled, ErrorCode::kIo})
    for (const auto attempt : {Attempt::kFresh, Attempt::kResend})
      CHECK(judge(Error{code, "", 0}, kPerson, attempt).next == Next::kUnknown);
}

TEST_CASE("the server's refusals become the contract's words") {
  CHECK(rejected(463).word == "reachout_timelock");
  CHECK(rejected(475).word == "reachout_timelock");
  CHECK(rejected(403, kGroup).word == "not_a_participant");
  CHECK(rejected(403).word == "rejected_by_server");
  CHECK(rejected(404).word == "not_on_whatsapp");
  CHECK(rejected(404, kGroup).word == "rejected_by_server");
  CHECK(rejected(479).word == "rejected_by_server");
  for (const int code : {463, 475, 403, 404, 479}) CHECK(rejected(code).next == Next::kFail);
}

TEST_CASE("the server's bad moments are waited out, and said to be worth another try when it does not help") {
  for (const int code : {408, 429, 500, 503}) {
    CHECK(rejected(code).next == Next::kTransient);
    CHECK(rejected(code, kPerson, Attempt::kResend).next == Next::kTransient);
    CHECK(rejected(code).retryable == edge::Retryable::kYes);
    CHECK(rejected(code).word == "rejected_by_server");
  }
}

TEST_CASE("refused bytes of an earlier life are built anew, but a time lock holds for them too") {
  CHECK(rejected(479, kPerson, Attempt::kResend).next == Next::kEncryptAgain);
  CHECK(judge(Error{ErrorCode::kInvalidArgument, "", 0}, kPerson, Attempt::kResend).next ==
        Next::kEncryptAgain);
  CHECK(judge(Error{ErrorCode::kMalformed, "", 0}, kPerson, Attempt::kResend).next == Next::kEncryptAgain);
  CHECK(rejected(463, kPerson, Attempt::kResend).next == Next::kFail);
}

TEST_CASE("errors before anything was written name what is wrong with the message") {
  const auto word_for = [](ErrorCode code, const Jid& to) {
    return judge(Error{code, "", 0}, to, Attempt::kFresh).word;
  };
  CHECK(word_for(ErrorCode::kNotFound, kPerson) == "not_on_whatsapp");
  CHECK(word_for(ErrorCode::kInvalidArgument, kPerson) == "malformed-message");
  CHECK(word_for(ErrorCode::kInvalidArgument, kGroup) == "unsupported_kind");
  CHECK(word_for(ErrorCode::kLimit, kPerson) == "malformed-message");
}
