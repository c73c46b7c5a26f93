// Padding of a serialised Message before Signal encryption: n bytes of value n, n random from 1 to 16.
// It is not the PKCS7 padding of the cipher, which comes on top. Spec 05 §2.6.
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace whatsapp::message {

/// Draws 1 byte.
base::Bytes pad(base::ByteView message, base::Random& random);

/// The message without its padding. Peers pad with 0 to 255 bytes; 0 strips nothing. kMalformed if empty, if
/// the padding is longer than the whole, or if its bytes differ.
base::Result<base::ByteView> unpad(base::ByteView padded);

}  // namespace whatsapp::message
