#include "whatsapp/signal/address.h"

#include <doctest/doctest.h>

#include <unordered_set>

using namespace whatsapp::signal;

TEST_CASE("an address is written as user, domain number unless it is a phone number, and device") {
  CHECK(Address{"5511999999999", Domain::kPn, 0}.to_text() == "5511999999999:0");
  CHECK(Address{"123456789012345", Domain::kLid, 7}.to_text() == "123456789012345_1:7");
  CHECK(Address{"5511999999999", Domain::kHosted, 99}.to_text() == "5511999999999_128:99");
  CHECK(Address{"123456789012345", Domain::kHostedLid, 99}.to_text() == "123456789012345_129:99");
}

TEST_CASE("what is written is read again, and nothing else") {
  for (const Address& address : {Address{"5511999999999", Domain::kPn, 0}, Address{"1", Domain::kLid, 65535},
                                 Address{"22", Domain::kHosted, 99}, Address{"333", Domain::kHostedLid, 1}})
    CHECK(Address::parse(address.to_text()).value() == address);

  for (const char* text : {"", ":", "1", "1:", ":1", "_1:0", "1:65536", "1:-1", "1:01", "1: 1", "1_0:0",
                           "1_2:0", "1_:0", "1_1_1:0", "1:2:3", "1_129x:0"})
    CHECK_MESSAGE(!Address::parse(text), text);
}

TEST_CASE("servers with sessions have a domain, and each domain its server") {
  CHECK(domain_of_server("s.whatsapp.net") == Domain::kPn);
  CHECK(domain_of_server("c.us") == Domain::kPn);
  CHECK(domain_of_server("lid") == Domain::kLid);
  CHECK(domain_of_server("hosted") == Domain::kHosted);
  CHECK(domain_of_server("hosted.lid") == Domain::kHostedLid);
  CHECK(!domain_of_server("g.us"));
  CHECK(!domain_of_server(""));
  for (Domain domain : {Domain::kPn, Domain::kLid, Domain::kHosted, Domain::kHostedLid})
    CHECK(domain_of_server(server_of(domain)) == domain);
  CHECK(server_of(Domain::kPn) == "s.whatsapp.net");
}

TEST_CASE("addresses are locked in the order of domain, user, device") {
  CHECK(Address{"9", Domain::kPn, 9} < Address{"1", Domain::kLid, 0});
  CHECK(Address{"1", Domain::kPn, 9} < Address{"2", Domain::kPn, 0});
  CHECK(Address{"1", Domain::kPn, 0} < Address{"1", Domain::kPn, 1});
}

TEST_CASE("addresses that differ in one part are different keys of a map") {
  std::unordered_set<Address, AddressHash> set{{"1", Domain::kPn, 0},
                                               {"1", Domain::kLid, 0},
                                               {"1", Domain::kPn, 1},
                                               {"2", Domain::kPn, 0},
                                               {"1", Domain::kPn, 0}};
  CHECK(set.size() == 4);
}
