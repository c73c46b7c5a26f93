#include "runtime/address_policy.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>

#include <cstring>
#include <string>

namespace {

bool public_address(const char* text) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
    return runtime::is_public(reinterpret_cast<const sockaddr&>(v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
  return runtime::is_public(reinterpret_cast<const sockaddr&>(v6));
}

}  // namespace

TEST_CASE("M7: only addresses of the public Internet are public") {
  for (const char* text : {"0.0.0.0",
                           "10.0.0.1",
                           "100.64.0.1",
                           "100.100.100.200",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.8.8.8",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.192",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.1.1.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "168.63.129.16",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.1.1.1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "64:ff9b:1::1",
                           "2002:7f00:1::",
                           "2001:0:1234::1",
                           "2001:db8::1",
                           "fc00::1",
                           "fd00:ec2::254",
                           "fe80::1",
                           "fec0::1",
                           "ff02::1",
                           "100::1"}) {
    CAPTURE(text);
    CHECK_FALSE(public_address(text));
  }
  for (const char* text : {"1.1.1.1", "8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1",
                           "192.167.1.1", "198.20.0.1", "223.255.255.1", "::ffff:8.8.8.8", "64:ff9b::808:808",
                           "2606:4700::1111", "2a00:1450::1"}) {
    CAPTURE(text);
    CHECK(public_address(text));
  }
}

TEST_CASE("M7: names that mean this machine or its network are not public") {
  for (const char* name : {"localhost", "LOCALHOST.", "a.localhost", "printer.local",
                           "metadata.google.internal", "127.1", "0x7f.1", "2130706433", "017700000001",
                           "127.0.0.1", "[::1]", "::1", "[fe80::1%25eth0]", "router", ""}) {
    CAPTURE(name);
    CHECK_FALSE(runtime::is_public_name(name));
  }
  for (const char* name : {"example.com", "8.8.8.8", "[2606:4700::1111]", "local.example.com"}) {
    CAPTURE(name);
    CHECK(runtime::is_public_name(name));
  }
}
