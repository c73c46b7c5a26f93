// The addresses and the name under which the service and other people know this device.
#pragma once

#include <string>

#include "whatsapp/binary/jid.h"

namespace whatsapp {

/// Who we are, once linked.
struct Self {
  binary::Jid pn;   // device JID
  binary::Jid lid;  // device LID; empty user when unknown
  std::string push_name;
};

}  // namespace whatsapp
