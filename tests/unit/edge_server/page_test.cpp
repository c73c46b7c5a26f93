#include <doctest/doctest.h>

#include "edge_bench.h"
#include "edge_server/embedded_files.h"

using namespace edge_server;

TEST_CASE("the page, its script and its style are served to everybody, under a policy without foreign code") {
  EdgeBench bench;
  const auto page = bench.ask("GET", "/", "", "");
  CHECK(page.status == 200);
  CHECK(runtime::header(page.headers, "Content-Type") == "text/html; charset=utf-8");
  const auto policy = runtime::header(page.headers, "Content-Security-Policy");
  CHECK(policy.find("default-src 'none'") != std::string_view::npos);
  CHECK(policy.find("script-src 'self';") != std::string_view::npos);
  CHECK(policy.find("unsafe") == std::string_view::npos);
  CHECK(page.body.find("src=\"app.js\"") != std::string::npos);
  CHECK(bench.ask("GET", "/app.js", "", "").body == page_script());
  CHECK(bench.ask("GET", "/app.css", "", "").body == page_style());
  CHECK(bench.ask("GET", "/openapi.yaml", "", "").body == api_description());
}

TEST_CASE("the page loads nothing from elsewhere and has no inline code, which its policy would refuse") {
  CHECK(page_html().find("http://") == std::string_view::npos);
  CHECK(page_html().find("https://") == std::string_view::npos);
  CHECK(page_html().find("style=") == std::string_view::npos);
  for (const char* handler : {" onclick", " onload", " onerror", "<script>", "<style>"})
    CHECK(page_html().find(handler) == std::string_view::npos);
  CHECK(page_style().find("url(") == std::string_view::npos);
}

TEST_CASE("the script never makes HTML of text") {
  for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                           "new Function", "srcdoc", "DOMParser", "createContextualFragment"})
    CHECK(page_script().find(sink) == std::string_view::npos);
}

TEST_CASE(
    "a message body with markup comes out of the API as the same text, as JSON that no browser sniffs") {
  EdgeBench bench;
  bench.create("i1");
  edge::InboundMessage message;
  message.instance_id = "i1";
  message.from = message.chat_id = message.sender_jid_raw = "1@s.whatsapp.net";
  message.body = "<img src=x onerror=alert(1)>";
  CHECK(bench.await(bench.client->inbound(message, {})));
  const auto reply = bench.ask("GET", "/v1/instances/i1/messages");
  CHECK(runtime::header(reply.headers, "Content-Type") == "application/json; charset=utf-8");
  CHECK(runtime::header(reply.headers, "X-Content-Type-Options") == "nosniff");
  CHECK(nlohmann::json::parse(reply.body)["data"][0]["body"] == "<img src=x onerror=alert(1)>");
}
