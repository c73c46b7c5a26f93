#include "whatsapp/media/history_notification.h"

#include <doctest/doctest.h>

#include "wire_bench.h"

using namespace whatsapp::media;
using base::Bytes;
using namespace wire_bench;

namespace {

const Bytes kReference =
    base::concat(bytes_field(1, Bytes(32, 1)), number_field(2, 1000), bytes_field(3, Bytes(32, 2)),
                 bytes_field(4, Bytes(32, 3)), text_field(5, "/v/x.enc"), text_field(14, "handle"));
const Bytes kFacts =
    base::concat(number_field(6, 3), number_field(7, 4), number_field(9, 50), text_field(12, "req"));

}  // namespace

TEST_CASE("a notice says what a chunk is about and where it is") {
  const auto notice = read_history_notification(base::concat(kReference, kFacts));
  REQUIRE(notice.has_value());
  CHECK(notice->sync_type == SyncType::kRecent);
  CHECK(notice->chunk_order == 4);
  CHECK(notice->progress == 50);
  CHECK(notice->request_id == "req");
  const auto* external = std::get_if<ExternalHistory>(&notice->data);
  REQUIRE(external != nullptr);
  CHECK(external->direct_path == "/v/x.enc");
  CHECK(external->enc_handle == "handle");
  CHECK(external->proof.media_key.bytes().front() == 2);
  CHECK(external->proof.file_enc_sha256.front() == 3);
}

TEST_CASE("a chunk inside the notice wins over a reference, however broken that is") {
  const auto notice =
      read_history_notification(base::concat(kReference, bytes_field(3, Bytes(5)), text_field(11, "zlib")));
  REQUIRE(notice.has_value());
  const auto* inside = std::get_if<InlineHistory>(&notice->data);
  REQUIRE(inside != nullptr);
  CHECK(base::to_string(inside->compressed) == "zlib");
}

TEST_CASE("a notice may announce nothing") {
  const auto notice = read_history_notification(number_field(6, 7));
  REQUIRE(notice.has_value());
  CHECK(notice->sync_type == SyncType::kNoHistory);
  CHECK(std::holds_alternative<std::monostate>(notice->data));
}

TEST_CASE("a reference that cannot be checked is refused") {
  CHECK_FALSE(read_history_notification(base::concat(kReference, bytes_field(3, Bytes(31)))).has_value());
  CHECK_FALSE(read_history_notification(base::concat(kReference, bytes_field(4, {}))).has_value());
  CHECK_FALSE(read_history_notification(Bytes{0x0a, 0x05, 0x01}).has_value());
}
