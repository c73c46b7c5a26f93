// The participant hash: client and server compare which devices a message went to. Also the hash of device
// lists (dhash). Spec 05 §2.9.
#pragma once

#include <span>
#include <string>

#include "whatsapp/binary/jid.h"

namespace whatsapp::message {

/// "2:" and the base64 of the first 6 bytes of SHA-256 over the sorted device JIDs "user.0:device@server".
/// Duplicates count once; `c.us` counts as `s.whatsapp.net`. Include the sending device; for groups leave
/// hosted devices out. Never compare the hash of an empty list.
std::string participant_hash(std::span<const binary::Jid> devices);

}  // namespace whatsapp::message
