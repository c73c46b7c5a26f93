#include "runtime/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/bytes.h"

namespace runtime {
namespace {

struct Block4 {
  std::uint32_t network;
  unsigned bits;
};
constexpr std::array kSpecial4{
    Block4{0x00000000, 8},   // this network
    Block4{0x0a000000, 8},   // private
    Block4{0x64400000, 10},  // shared between carriers' customers; one cloud's metadata service
    Block4{0x7f000000, 8},   // loopback
    Block4{0xa9fe0000, 16},  // link-local; 169.254.169.254 is the clouds' metadata service
    Block4{0xac100000, 12},  // private
    Block4{0xc0000000, 24},  // protocol assignments; 192.0.0.192 is a metadata service
    Block4{0xc0000200, 24},  // documentation
    Block4{0xc0586300, 24},  // 6to4 relays
    Block4{0xc0a80000, 16},  // private
    Block4{0xc6120000, 15},  // benchmarks
    Block4{0xc6336400, 24},  // documentation
    Block4{0xcb007100, 24},  // documentation
    Block4{0xe0000000, 4},   // multicast
    Block4{0xf0000000, 4},   // reserved, broadcast
    Block4{0xa83f8110, 32},  // a cloud's host agent, behind a public address
};

bool is_public4(std::uint32_t address) {
  return std::ranges::none_of(kSpecial4, [address](const Block4& block) {
    return ((address ^ block.network) >> (32 - block.bits)) == 0;
  });
}

using Address6 = base::FixedBytes<16>;

bool has_prefix(const Address6& address, base::ByteView prefix) {
  return std::ranges::equal(base::ByteView{address}.first(prefix.size()), prefix);
}

std::uint32_t embedded4(const Address6& address, std::size_t offset) {
  return static_cast<std::uint32_t>(base::read_big_endian(base::ByteView{address}.subspan(offset, 4)));
}

bool is_public6(const Address6& address) {
  constexpr base::FixedBytes<12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr base::FixedBytes<12> kNat64{0x00, 0x64, 0xff, 0x9b};
  constexpr base::FixedBytes<2> k6to4{0x20, 0x02};
  constexpr base::FixedBytes<4> kTeredo{0x20, 0x01, 0x00, 0x00};
  constexpr base::FixedBytes<4> kDocumentation{0x20, 0x01, 0x0d, 0xb8};
  if (has_prefix(address, kMapped) || has_prefix(address, kNat64)) return is_public4(embedded4(address, 12));
  if (has_prefix(address, k6to4)) return is_public4(embedded4(address, 2));
  if (has_prefix(address, kTeredo) || has_prefix(address, kDocumentation)) return false;
  // Everything assigned for public use lies in 2000::/3: this leaves out ::, ::1, the compatible form,
  // fc00::/7, fe80::/10, fec0::/10, ff00::/8 and 64:ff9b:1::/48.
  return (address[0] & 0xe0) == 0x20;
}

std::string lower_without_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string out{host};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Older resolvers read "0x7f.1" and "2130706433" as addresses too.
bool looks_numeric(const std::string& host) {
  in_addr ignored{};
  return inet_aton(host.c_str(), &ignored) != 0;
}

}  // namespace

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return is_public4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return is_public6(base::to_fixed<16>(base::ByteView{v6.sin6_addr.s6_addr}));
}

bool is_public_name(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string name = lower_without_dot(host.substr(0, host.find('%')));
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return is_public4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, name.c_str(), &v6) == 1)
    return is_public6(base::to_fixed<16>(base::ByteView{v6.s6_addr}));
  if (looks_numeric(name) || !name.contains('.')) return false;
  constexpr std::array<std::string_view, 5> kOwn{".localhost", ".local", ".internal", ".localdomain",
                                                 ".home.arpa"};
  return std::ranges::none_of(kOwn, [&name](std::string_view end) { return name.ends_with(end); });
}

}  // namespace runtime
