#include <doctest/doctest.h>

#include <fstream>

#include "edge_bench.h"

using namespace edge_server;

namespace {

edge::InboundMessage message(const char* wa_id, const char* body) {
  edge::InboundMessage out;
  out.instance_id = "i1";
  out.from = "77@lid";
  out.to = "5511@s.whatsapp.net";
  out.body = body;
  out.chat_id = "77@lid";
  out.sender_jid_raw = "77@lid";
  out.push_name = "Ana";
  out.wa_message_id = wa_id;
  out.timestamp = 1'760'000'000;
  return out;
}

}  // namespace

TEST_CASE("an inbound message arrives once, however often it is told") {
  EdgeBench bench;
  bench.create("i1");
  for (int i = 0; i < 3; ++i) CHECK(bench.await(bench.client->inbound(message("A", "hi"), {})));
  auto other_sender = message("A", "the same id from somebody else is another message");
  other_sender.sender_jid_raw = "88@lid";
  CHECK(bench.await(bench.client->inbound(other_sender, {})));
  const auto shown = bench.json("GET", "/v1/instances/i1/messages");
  REQUIRE(shown["data"].size() == 2);
  CHECK(shown["data"][1]["body"] == "hi");
  CHECK(shown["data"][1]["direction"] == "in");
  CHECK(shown["data"][1]["sender_name"] == "Ana");
}

TEST_CASE("once the number behind a LID is known, its conversation and contact are one with the number's") {
  EdgeBench bench;
  bench.create("i1");
  CHECK(bench.await(bench.client->inbound(message("A", "as LID"), {})));
  CHECK_FALSE(bench.await(bench.client->primary_jid("i1", "77@lid", {})).value());
  const auto contact =
      bench.await(bench.client->resolve_contact({"i1", "77@lid", edge::JidType::kLid, "Ana"}, {}));
  auto known = message("B", "as LID, with number");
  known.sender_pn = "5577@s.whatsapp.net";
  CHECK(bench.await(bench.client->inbound(known, {})));
  CHECK(bench.await(bench.client->inbound(message("A", "as LID"), {})));  // told again after learning

  CHECK(bench.await(bench.client->primary_jid("i1", "77@lid", {})).value() == "5577@s.whatsapp.net");
  const auto chats = bench.json("GET", "/v1/instances/i1/chats")["data"];
  REQUIRE(chats.size() == 1);
  CHECK(chats[0]["chat"] == "5577@s.whatsapp.net");
  CHECK(chats[0]["name"] == "Ana");
  CHECK(bench.json("GET", "/v1/instances/i1/messages")["data"].size() == 2);
  const auto same =
      bench.await(bench.client->resolve_contact({"i1", "5577@s.whatsapp.net", edge::JidType::kPn, ""}, {}));
  CHECK(*same == *contact);
}

TEST_CASE("a direct conversation is called like its person, a group not like its last writer") {
  EdgeBench bench;
  bench.create("i1");
  auto in_group = message("A", "hi all");
  in_group.chat_id = "1203@g.us";
  CHECK(bench.await(bench.client->inbound(message("B", "hi"), {})));
  CHECK(bench.await(bench.client->inbound(in_group, {})));
  const auto chats = bench.json("GET", "/v1/instances/i1/chats")["data"];
  REQUIRE(chats.size() == 2);
  CHECK(chats[0]["chat"] == "1203@g.us");
  CHECK(chats[0]["name"] == "");
  CHECK(chats[1]["name"] == "Ana");
}

TEST_CASE("pages lead through all messages once, in both directions") {
  EdgeBench bench;
  bench.create("i1");
  for (int i = 0; i < 5; ++i)
    CHECK(bench.await(
        bench.client->inbound(message(std::to_string(i).c_str(), std::to_string(i).c_str()), {})));
  for (const std::string order : {"desc", "asc"}) {
    std::string seen;
    std::string cursor;
    for (int page = 0; page < 3; ++page) {
      const auto got = bench.json("GET", "/v1/instances/i1/messages?limit=2&order=" + order + cursor);
      for (const auto& one : got["data"]) seen += one["body"].get<std::string>();
      if (got["next_cursor"].is_null()) break;
      cursor = "&cursor=" + got["next_cursor"].get<std::string>();
    }
    CHECK(seen == (order == "desc" ? "43210" : "01234"));
  }
}

TEST_CASE("media comes back under its URL, once per upload, and only harmless types are shown") {
  EdgeBench bench;
  bench.create("i1");
  const auto upload = [&](const char* id, const char* mime) {
    runtime::BytesSource file(base::to_bytes("<script>alert(1)</script>"));
    return bench.await(bench.client->upload_media({"i1", id, mime, "a b.html", &file}, {})).value();
  };
  const auto url = upload("A", "text/html");
  CHECK(upload("A", "text/html") == url);
  CHECK(url.ends_with("/a%20b.html"));
  const auto got = bench.ask("GET", url.substr(url.find("/media/")), "", "");
  CHECK(got.status == 200);
  CHECK(got.body == "<script>alert(1)</script>");
  CHECK(runtime::header(got.headers, "Content-Type") == "application/octet-stream");
  CHECK(runtime::header(got.headers, "Content-Disposition") == "attachment");
  const auto image = upload("B", "image/png");
  const auto shown = bench.ask("GET", image.substr(image.find("/media/")), "", "");
  CHECK(runtime::header(shown.headers, "Content-Type") == "image/png");
  CHECK(bench.ask("GET", "/media/00000000000000000000000000000000", "", "").status == 404);
  CHECK(bench.ask("DELETE", "/v1/instances/i1").status == 204);
  CHECK(bench.ask("GET", url.substr(url.find("/media/")), "", "").status == 404);
}

TEST_CASE("an upload cannot leave its folder") {
  EdgeBench bench;
  const auto refused = bench.as_worker(
      "POST", "/upload-media",
      R"({"instanceId":"../../etc","messageId":"x","mime_type":"a/b","file_name":"f","bytes_base64":"AAAA"})");
  CHECK(refused.status == 400);
}
