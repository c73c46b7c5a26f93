// The fence around decoding: what a decoder that has been taken over can still do is use up a little time and
// memory and write a wrong answer.
#pragma once

#include "base/result.h"

namespace previews {

/// Limits of this process and its children: 512 MiB of memory, 20 s of CPU, no new privileges, no core dumps,
/// files of at most 256 MiB.
base::Result<void> limit_resources();
/// From now on this process may read and write what it has open, and use memory: nothing else. Any other
/// system call ends it.
base::Result<void> fence_in();
/// For a child about to become ffmpeg: no sockets, no tracing, no other processes' memory, no mounts.
base::Result<void> fence_off_network();

}  // namespace previews
