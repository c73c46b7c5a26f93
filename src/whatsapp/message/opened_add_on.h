// What an addition says once it has been decrypted: the content of the message that carried it. Spec 05 §6.
#pragma once

#include <span>
#include <string>

#include "whatsapp/message/content.h"

namespace whatsapp::message {

/// Puts the plaintext of an addition into the content of the message it came in. `options`: of the poll that
/// was voted in, as far as known. kMalformed for bytes that are no such addition; the content is then as it
/// was.
base::Result<void> put_opened(AddOn kind, base::ByteView plaintext, std::span<const std::string> options,
                              Content& content);

/// For an addition that cannot be opened: the content says so, and what it was.
void put_unopened(AddOn kind, Content& content);

}  // namespace whatsapp::message
