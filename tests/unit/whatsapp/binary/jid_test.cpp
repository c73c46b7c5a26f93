#include "whatsapp/binary/jid.h"

#include <doctest/doctest.h>

#include <unordered_set>

using namespace whatsapp::binary;
using base::ErrorCode;

namespace {

Jid parsed(std::string_view text) {
  const auto jid = Jid::parse(text);
  REQUIRE_MESSAGE(jid.has_value(), text);
  return *jid;
}

}  // namespace

TEST_CASE("an address is taken apart") {
  const Jid jid = parsed("5511999999999:3@s.whatsapp.net");
  CHECK(jid.user() == "5511999999999");
  CHECK(jid.server() == Server::kUser);
  CHECK(jid.device() == 3);
  CHECK(jid.to_string() == "5511999999999:3@s.whatsapp.net");
  CHECK(jid == Jid{"5511999999999", Server::kUser, 3});
}

TEST_CASE("every server and device comes back from its text") {
  const Server with_devices[] = {Server::kUser,      Server::kLid,       Server::kLegacyUser, Server::kHosted,
                                 Server::kHostedLid, Server::kMessenger, Server::kInterop};
  const Server without[] = {Server::kGroup, Server::kBroadcast, Server::kNewsletter, Server::kBot,
                            Server::kCall};
  for (const Server server : with_devices)
    for (const std::uint16_t device : {0, 1, 99, 255, 65535}) {
      const Jid jid{"123", server, device};
      CHECK(parsed(jid.to_string()) == jid);
    }
  for (const Server server : without) {
    CHECK(parsed(Jid{"123", server}.to_string()) == Jid{"123", server});
    CHECK(parsed(Jid::service(server).to_string()) == Jid::service(server));
    CHECK_FALSE(Jid::parse("123:4@" + std::string{to_text(server)}).has_value());
  }
  CHECK(parsed("x@example.org") == Jid::on_server("x", "example.org"));
  CHECK(parsed("x@example.org").to_string() == "x@example.org");
  CHECK(parsed("x@example.org").server_text() == "example.org");
  CHECK(parsed("x@example.org").user() == "x");
}

TEST_CASE("texts that are no addresses are refused") {
  const std::string_view bad[] = {
      "",         "@",         "a@",          "a@b@c",  "5511",     "1:@lid",          "1:x@lid",
      "1:-1@lid", "1:+1@lid",  "1:70000@lid", ":1@lid", "1:1@g.us", "a:1@example.org", "@example.org",
      "a\n@lid",  "a\x7f@lid", "1: 2@lid"};
  for (const std::string_view text : bad) {
    const auto jid = Jid::parse(text);
    CHECK_MESSAGE(!jid.has_value(), text);
    if (!jid) CHECK(jid.error().code == ErrorCode::kMalformed);
  }
  CHECK_FALSE(Jid::parse(std::string_view{"a\0@lid", 6}).has_value());
}

TEST_CASE("odd but legal texts are read as they are") {
  CHECK(parsed("@g.us") == Jid::service(Server::kGroup));
  CHECK(parsed("s.whatsapp.net") == Jid::service());
  CHECK(parsed("1:256@s.whatsapp.net").device() == 256);
  CHECK(parsed(" 55@s.whatsapp.net").user() == " 55");
  CHECK(parsed("55@S.WHATSAPP.NET").server() == Server::kOther);
  CHECK(parsed("u_1:3@s.whatsapp.net").user() == "u_1");
  CHECK(parsed("5511-1612345678@g.us").user() == "5511-1612345678");
  const std::string long_user(10'000, '7');
  CHECK(parsed(long_user + "@lid").user() == long_user);
}

TEST_CASE("an old agent number is dropped from phone-number addresses only") {
  CHECK(parsed("1.2:3@s.whatsapp.net") == Jid{"1", Server::kUser, 3});
  CHECK(parsed("1.2@s.whatsapp.net") == Jid{"1", Server::kUser});
  CHECK(parsed("1.2@lid") == Jid{"1.2", Server::kLid});
  CHECK(parsed("1.256@s.whatsapp.net").user() == "1.256");
  CHECK(parsed(".2@s.whatsapp.net").user() == ".2");
}

TEST_CASE("addresses of third-party networks name the network in front of the user") {
  const Jid jid = parsed("3-abc:2@interop");
  CHECK(jid == Jid::interop("abc", 3, 2));
  CHECK(jid.integrator() == 3);
  CHECK(jid.to_string() == "3-abc:2@interop");
  CHECK(parsed("abc@interop") == Jid::interop("abc", 0, 0));
  CHECK(parsed("a-b@interop").user() == "a-b");
  const Jid ambiguous = Jid::interop("5-x", 0, 0);
  CHECK(parsed(ambiguous.to_string()) == ambiguous);
}

TEST_CASE("normalising folds the old server name and the case of the server, once and for all") {
  CHECK(parsed("55@c.us").normalized() == Jid{"55", Server::kUser});
  CHECK(parsed("55:4@c.us").normalized() == Jid{"55", Server::kUser, 4});
  CHECK(parsed("55@S.WhatsApp.NET").normalized() == Jid{"55", Server::kUser});
  CHECK(parsed("55@C.US").normalized() == Jid{"55", Server::kUser});
  CHECK(parsed(" 55 @lid").normalized() == Jid{"55", Server::kLid});
  CHECK(parsed("x@Example.ORG").normalized().to_string() == "x@example.org");
  for (const char* text :
       {"55@c.us", "55@S.WHATSAPP.NET", " 5 @lid", "3-abc:2@interop", "5@hosted", "@g.us"}) {
    const Jid once = parsed(text).normalized();
    CHECK(once.normalized() == once);
  }
}

TEST_CASE("accounts: devices and hosting fall away") {
  CHECK(parsed("5:3@lid").bare() == Jid{"5", Server::kLid});
  CHECK(parsed("5:99@hosted").bare() == Jid{"5", Server::kHosted});
  CHECK(parsed("5:99@hosted").account() == Jid{"5", Server::kUser});
  CHECK(parsed("5:99@hosted.lid").account() == Jid{"5", Server::kLid});
  CHECK(parsed("5@s.whatsapp.net").same_account(parsed("5:7@c.us")));
  CHECK_FALSE(parsed("5@s.whatsapp.net").same_account(parsed("5@lid")));
  CHECK_FALSE(parsed("5@s.whatsapp.net").same_account(parsed("6@s.whatsapp.net")));
  const Jid bare = parsed("3-abc:2@interop").bare();
  CHECK(bare == Jid::interop("abc", 3, 0));
  CHECK(bare.bare() == bare);
}

TEST_CASE("a device is put on an account, on the hosted server if Meta runs it") {
  const Jid pn{"5", Server::kUser};
  const Jid lid{"5", Server::kLid};
  CHECK(pn.with_device(2) == Jid{"5", Server::kUser, 2});
  CHECK(pn.with_device(99) == Jid{"5", Server::kUser, 99});
  CHECK(pn.with_device(99, Hosting::kHosted) == Jid{"5", Server::kHosted, 99});
  CHECK(lid.with_device(99, Hosting::kHosted) == Jid{"5", Server::kHostedLid, 99});
  CHECK(lid.with_device(3, Hosting::kHosted) == Jid{"5", Server::kLid, 3});
}

TEST_CASE("addresses are classified") {
  CHECK(Jid::status().is_status());
  CHECK_FALSE(Jid::status().is_broadcast_list());
  CHECK(parsed("123@broadcast").is_broadcast_list());
  CHECK(parsed("1@g.us").is_group());
  CHECK(parsed("1@newsletter").is_newsletter());
  CHECK(parsed("5@hosted").is_pn());
  CHECK(parsed("5@hosted.lid").is_lid());
  CHECK(parsed("5:99@s.whatsapp.net").is_hosted_device());
  CHECK_FALSE(parsed("5:98@s.whatsapp.net").is_hosted_device());
  CHECK(parsed("867051314767696@bot").is_bot());
  CHECK(parsed("13135550002@s.whatsapp.net").is_bot());
  CHECK(parsed("13165550012@c.us").is_bot());
  CHECK_FALSE(parsed("13135550002:1@s.whatsapp.net").is_bot());
  CHECK_FALSE(parsed("131355500021@s.whatsapp.net").is_bot());
  CHECK(Jid::service().is_service());
  CHECK(Jid{}.empty());
  CHECK_FALSE(Jid{}.is_service());
  CHECK_FALSE(Jid::service().empty());
}

TEST_CASE("what an API user types becomes an address") {
  CHECK(Jid::from_phone("+55 (11) 99999-9999").value() == Jid{"5511999999999", Server::kUser});
  CHECK(Jid::from_phone("call me").error().code == ErrorCode::kInvalidArgument);
  CHECK(Jid::from_recipient("5511999999999").value() == Jid{"5511999999999", Server::kUser});
  CHECK(Jid::from_recipient(" 55@c.us ").value() == Jid{"55", Server::kUser});
  CHECK(Jid::from_recipient("5511999999999-1612345678").value() ==
        Jid{"5511999999999-1612345678", Server::kGroup});
  CHECK(Jid::from_recipient("+55 11 99999-9999").value() == Jid{"5511999999999", Server::kUser});
  CHECK_FALSE(Jid::from_recipient("").has_value());
  CHECK_FALSE(Jid::from_recipient("a@b@c").has_value());
}

TEST_CASE("a login carries the user as a number") {
  CHECK(parsed("5511999999999:3@s.whatsapp.net").numeric_user().value() == 5511999999999ULL);
  CHECK_FALSE(parsed("99999999999999999999999@lid").numeric_user().has_value());
  CHECK_FALSE(parsed("-5@lid").numeric_user().has_value());
  CHECK_FALSE(Jid::service().numeric_user().has_value());
}

TEST_CASE("addresses can be keys of maps") {
  const std::unordered_set<Jid> set{parsed("1@lid"), parsed("1:2@lid"), parsed("1@s.whatsapp.net"),
                                    parsed("1:0@lid")};
  CHECK(set.size() == 3);
  CHECK(set.contains(Jid{"1", Server::kLid, 2}));
}
