#include "runtime/http_request_parser.h"

#include <doctest/doctest.h>

using runtime::HttpRequestParser;
using Progress = HttpRequestParser::Progress;

namespace {

// Feeds everything, going on after kHeadDone.
Progress feed_all(HttpRequestParser& parser, std::string_view& bytes) {
  Progress progress = parser.feed(bytes);
  if (progress == Progress::kHeadDone) progress = parser.feed(bytes);
  return progress;
}

int refusal_of(std::string_view text, std::size_t max_body = 1000) {
  HttpRequestParser parser(max_body);
  return feed_all(parser, text) == Progress::kRefused ? parser.refusal() : 0;
}

}  // namespace

TEST_CASE("a request parses the same whether it comes whole or byte by byte") {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: example.org\r\nX-Pad:  padded \t\r\nContent-Length: 5\r\n\r\nhello";
  for (const std::size_t step : {text.size(), std::size_t{1}, std::size_t{7}}) {
    HttpRequestParser parser(1000);
    Progress progress = Progress::kNeedMore;
    for (std::size_t at = 0; at < text.size(); at += step) {
      CHECK(progress != Progress::kComplete);
      std::string_view part = std::string_view{text}.substr(at, step);
      progress = feed_all(parser, part);
      CHECK(part.empty());
    }
    REQUIRE(progress == Progress::kComplete);
    CHECK(parser.request().method == "POST");
    CHECK(parser.request().target == "/a?b=c");
    CHECK(runtime::header(parser.request().headers, "x-pad") == "padded");
    CHECK(parser.request().body == "hello");
  }
}

TEST_CASE("what follows a complete request stays for the next one") {
  HttpRequestParser parser(1000);
  std::string_view bytes = "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /next";
  CHECK(parser.feed(bytes) == Progress::kComplete);
  CHECK(bytes == "GET /next");
}

TEST_CASE("chunks are joined, their extensions and trailers ignored") {
  HttpRequestParser parser(1000);
  std::string_view bytes =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "4;a=b\r\nwiki\r\n5\r\npedia\r\n0\r\nX-Trailer: y\r\n\r\nrest";
  CHECK(feed_all(parser, bytes) == Progress::kComplete);
  CHECK(parser.request().body == "wikipedia");
  CHECK(bytes == "rest");
}

TEST_CASE("what could be read in two ways is refused") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  CHECK(refusal_of(head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Content-Length: +1\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Content-Length: 1x\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Transfer-Encoding: gzip, chunked\r\n\r\n") == 501);
  CHECK(refusal_of(head + "X-A : b\r\n\r\n") == 400);
  CHECK(refusal_of(head + " folded\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Host: y\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\nHost: x\n\n") == 400);
  CHECK(refusal_of("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(refusal_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n") == 400);
  CHECK(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\n-5\r\n") == 400);
}

TEST_CASE("sizes are bounded: body, chunks, head and number of headers") {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  CHECK(refusal_of(head + "Content-Length: 1001\r\n\r\n") == 413);
  CHECK(refusal_of(head + "Content-Length: 99999999999999999999999\r\n\r\n") == 400);
  CHECK(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n") == 413);
  CHECK(refusal_of(head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n") == 413);
  CHECK(refusal_of("GET /" + std::string(HttpRequestParser::kMaxHead, 'a')) == 414);
  CHECK(refusal_of(head + "X: " + std::string(HttpRequestParser::kMaxHead, 'a')) == 431);
  std::string many = head;
  for (std::size_t i = 0; i < HttpRequestParser::kMaxHeaders; ++i) many += "A: b\r\n";
  CHECK(refusal_of(many + "\r\n") == 431);
}

TEST_CASE("keep-alive is the rule of 1.1 and the exception of 1.0") {
  const auto keep_alive = [](std::string_view text) {
    HttpRequestParser parser(0);
    REQUIRE(parser.feed(text) == Progress::kComplete);
    return parser.request().keep_alive();
  };
  CHECK(keep_alive("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(!keep_alive("GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n"));
  CHECK(!keep_alive("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keep_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}
