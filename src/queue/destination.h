// Where a queued message wants to go, from what people and proxies write into `to`. Pure: what needs a
// lookup is said, not done.
//
//   5511999990000, +55 (11) 99999-0000     5511999990000@s.whatsapp.net
//   5511999990000-1400000000               5511999990000-1400000000@g.us (an old group id)
//   120363012345678901                     120363012345678901@g.us
//   …@s.whatsapp.net, …@c.us, …@g.us, status@broadcast, …@newsletter     as they are, without device
//   …@lid                                  needs the phone number behind it
#pragma once

#include <string_view>
#include <variant>

#include "whatsapp/binary/jid.h"

namespace worker {

struct ReadyDestination {
  whatsapp::binary::Jid jid;
};
/// A `@lid` without device.
struct LidDestination {
  whatsapp::binary::Jid lid;
};
struct InvalidDestination {};

using Destination = std::variant<ReadyDestination, LidDestination, InvalidDestination>;

Destination parse_destination(std::string_view to);

}  // namespace worker
