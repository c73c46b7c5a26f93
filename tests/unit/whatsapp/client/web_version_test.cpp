#include "whatsapp/client/web_version.h"

#include <doctest/doctest.h>

#include "base/encoding.h"

using whatsapp::version_in_service_worker;
using whatsapp::WebVersion;

TEST_CASE("a version is three numbers, and hashes as its text") {
  const WebVersion version{2, 3000, 1045649367};
  CHECK(version.text() == "2.3000.1045649367");
  CHECK(base::to_hex(version.build_hash()) == "9fa53af9421567b114e33c9bb1ef7db2");
  CHECK(WebVersion::parse("2.3000.1045649367") == version);
}

TEST_CASE("a text that is not three numbers is no version") {
  for (const char* text :
       {"", "2", "2.3000", "2.3000.", "2.3000.1.4", "2.3000.x", " 2.3000.1", "2.3000.99999999999"})
    CHECK_FALSE(WebVersion::parse(text));
}

TEST_CASE("the client revision is found with and without escaped quotes") {
  CHECK(version_in_service_worker(R"(x={"client_revision":1046000001,"a":1})")->tertiary == 1046000001);
  CHECK(version_in_service_worker(R"(x="{\"client_revision\": 1046000002}")")->tertiary == 1046000002);
  CHECK(version_in_service_worker(R"(client_revision; "client_revision":7)")->tertiary == 7);
}

TEST_CASE("a page without a revision is not found, rather than version 0") {
  for (const char* body : {"", "<html>blocked</html>", R"("client_revision":)", R"("client_revision":"abc")"})
    CHECK(version_in_service_worker(body).error().code == base::ErrorCode::kNotFound);
}

TEST_CASE("versions compare by their numbers") {
  CHECK(WebVersion{2, 3000, 10} > WebVersion{2, 3000, 9});
  CHECK(WebVersion{2, 3001, 0} > WebVersion{2, 3000, 9});
}
