#include "whatsapp/media/media_url.h"

#include <doctest/doctest.h>

#include <string>

using namespace whatsapp::media;

TEST_CASE("uploads are named by their hash and show what the service gave them") {
  const crypto::Sha256Digest hash{0xff, 0xef};
  CHECK(upload_target(MediaKind::kPtt, hash, "a+b/c=d e") ==
        "/mms/audio/_-8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA?auth=a%2Bb%2Fc%3Dd%20e&token="
        "_-8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

TEST_CASE("a download adds its parameters to those that the path has") {
  const crypto::Sha256Digest hash{1};
  const std::string hash_text = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  CHECK(download_target("/v/a.enc?oe=1", hash, MediaKind::kImage).value() ==
        "/v/a.enc?oe=1&hash=" + hash_text + "&mms-type=image&__wa-mms=");
  CHECK(download_target("/v/a.enc", hash, MediaKind::kHistory).value() ==
        "/v/a.enc?hash=" + hash_text + "&mms-type=md-msg-hist&__wa-mms=");
  CHECK(download_target("/v/a.enc?oe=1", std::nullopt, MediaKind::kVideo).value() ==
        "/v/a.enc?oe=1&hash=&mms-type=video&__wa-mms=");
}

TEST_CASE("a direct path that could reach another host or end the request line is refused") {
  for (const std::string path : {"", "v/a", "//evil.example/a", "/\\evil.example", "https://evil.example/a",
                                 "/a b", "/a#b", "/a\r\nHost: x", "/a\t", "/a\x7f", "/a\\b"}) {
    CAPTURE(path);
    CHECK_FALSE(check_direct_path(path).has_value());
    CHECK_FALSE(download_target(path, std::nullopt, MediaKind::kImage).has_value());
  }
  CHECK_FALSE(check_direct_path(std::string("/a\0b", 4)).has_value());
  CHECK(check_direct_path("/" + std::string(4095, 'a')).has_value());
  CHECK_FALSE(check_direct_path("/" + std::string(4096, 'a')).has_value());
  CHECK(check_direct_path("/v/t62.7118-24/1_n.enc?ccb=11-4&oh=x&oe=65&_nc_sid=5e03e0").has_value());
}

TEST_CASE("only media hosts are followed") {
  for (const char* url : {"https://mmg.whatsapp.net/a?b", "https://whatsapp.net", "https://x.fbcdn.net/",
                          "https://media-fra3-1.cdn.whatsapp.net/v"}) {
    CAPTURE(url);
    CHECK(is_media_url(url));
  }
  for (const char* url :
       {"", "https://", "http://mmg.whatsapp.net/a", "https://web.whatsapp.net/a",
        "https://evilwhatsapp.net/", "https://whatsapp.net.evil.example/",
        "https://evil.example/?whatsapp.net", "https://.whatsapp.net/", "https://user@mmg.whatsapp.net/",
        "https://mmg.whatsapp.net:8443/", "https://evil.example\\.whatsapp.net/",
        "https://evil.example#.whatsapp.net", "https://127.0.0.1/", "file:///etc/passwd"}) {
    CAPTURE(url);
    CHECK_FALSE(is_media_url(url));
  }
}
