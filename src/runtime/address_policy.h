// Which addresses a request may reach. URLs that come from outside (a media_url, a redirect) must not be able
// to make the daemon talk to the machine it runs on, its neighbours, or a cloud's metadata service.
//
// What counts is the address a socket is really connected to, not what a name looked like a moment ago; the
// HTTP client asks is_public() there. Through a proxy only the proxy sees that address: then the name is all
// there is to judge by.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

namespace runtime {

enum class AddressPolicy : std::uint8_t { kAny, kPublicOnly };

/// An address of the public Internet. Not private, loopback, link-local (with the metadata services of
/// clouds), shared (100.64/10), multicast, reserved or documentation; IPv4 inside IPv6 (mapped, compatible,
/// NAT64, 6to4, Teredo) counts as what it contains.
bool is_public(const sockaddr& address);

/// Judges a host by its name: literal addresses as is_public() does, and names that mean this machine or its
/// network ("localhost", "….local", "….internal", a name without a dot). IPv6 with or without brackets.
bool is_public_name(std::string_view host);

}  // namespace runtime
