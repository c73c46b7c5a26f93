// The binary form of a stanza. Encoded stanzas are what one transport frame carries: a flag byte and one
// node, whose strings are dictionary tokens, packed digits or raw bytes (spec 02 §1-§6, §8).
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "whatsapp/binary/node.h"

namespace whatsapp::binary {

/// What a hostile or broken peer may make us spend on one stanza.
struct DecodeLimits {
  std::size_t inflated_bytes = 64 * 1024 * 1024;
  std::size_t inflate_ratio = 256;               // real stanzas stay below 50
  std::size_t inflate_free_bytes = 1024 * 1024;  // below this the ratio does not matter
  std::size_t nesting = 32;                      // nodes inside nodes, the root being 1
  std::size_t nodes = 2'000'000;
  std::size_t attributes = 4'000'000;  // of all nodes together
};

/// Flag byte 00 and the node; never compressed. kInvalidArgument if a JID has no form on the wire (a
/// device above 255, a device on a server without devices, an empty JID), kLimit if a list or a byte
/// string is too long for its length field.
base::Result<base::Bytes> encode(const Node& node);

/// All of `frame` must be one stanza. kMalformed for bytes that are none, kLimit for one over a limit.
/// The frame that is only 02 means the end of the stream: see is_end_of_stream().
base::Result<Node> decode(base::ByteView frame, const DecodeLimits& limits = {});

/// The compressed frame without content by which a server may end the stream.
inline bool is_end_of_stream(base::ByteView frame) { return frame.size() == 1 && (frame[0] & 0x02) != 0; }

}  // namespace whatsapp::binary
