// How a message is labelled outside its ciphertext, by what it is: stanza type, media type, edit (spec 05
// §2.8).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "simulator/virtual_device.h"

namespace simulator {

/// kMalformed for bytes that are no Message.
base::Result<StanzaMarks> marks_of(base::ByteView content);

}  // namespace simulator
