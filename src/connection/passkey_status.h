// The `passkey` object of a status: what the edge shows or hands to whoever holds the account's passkey.
//
//   {"step":"assertion","request":{…},"expires_in_s":600}   PublicKeyCredentialRequestOptions, binary as
//   base64url;
//                                                           answered by the command passkey.answer
//   {"step":"confirm","code":"TCQ2-Z3GD","expires_in_s":120} the phone shows a code too; command
//   passkey.confirm
//   {"step":"sent"}                                         our keys are on their way to the phone
#pragma once

#include <string>

#include "whatsapp/client/passkey_news.h"

namespace worker {

std::string passkey_status(const whatsapp::PasskeyNews& news);

}  // namespace worker
