// What the stanza of a message says about its content from outside the encryption: attributes that the server
// and other clients go by. Derived from the very bytes that are sent, so that a retry answer and a forwarded
// message carry the same as the first stanza did. Spec 05 §2.8.
//
//   <message … type=TYPE [edit=EDIT]>
//     … <enc … [mediatype=MEDIATYPE] [decrypt-fail="hide"]> …
//     [<meta …/>]
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace whatsapp::message {

struct StanzaTraits {
  std::string type = "text";
  std::string mediatype{};  // of <enc>; empty: none
  std::string edit{};       // of <message>; empty: none
  /// kHide: a receiver who cannot decrypt it shows nothing.
  enum class DecryptFail { kShow, kHide } decrypt_fail = DecryptFail::kShow;
  std::vector<std::pair<std::string, std::string>> meta{};  // attributes of <meta>; empty: no such node
};

/// Of a serialised Message without padding, not yet wrapped for our own devices. Bytes that are no message
/// have the traits of a text.
StanzaTraits traits_of(base::ByteView message);

}  // namespace whatsapp::message
