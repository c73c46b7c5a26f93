#include "whatsapp/app_state/collection.h"

#include <doctest/doctest.h>

using namespace whatsapp::app_state;

TEST_CASE("every collection has a name of its own") {
  for (const Collection collection : kCollections)
    CHECK(collection_from(to_string(collection)) == collection);
  CHECK(to_string(Collection::kCriticalUnblockLow) == "critical_unblock_low");
  CHECK_FALSE(collection_from("regular_medium").has_value());
}

TEST_CASE("what an answer means") {
  CHECK(reply_of({}, MorePatches::kNo) == Reply::kSuccess);
  CHECK(reply_of({}, MorePatches::kYes) == Reply::kSuccessHasMore);
  CHECK(reply_of(409, MorePatches::kNo) == Reply::kConflict);
  CHECK(reply_of(409, MorePatches::kYes) == Reply::kConflictHasMore);
  for (const int code : {400, 404, 405, 406}) CHECK(reply_of(code, MorePatches::kNo) == Reply::kFatal);
  CHECK(reply_of(500, MorePatches::kNo) == Reply::kRetry);
  CHECK(reply_of(0, MorePatches::kYes) == Reply::kRetry);
}
