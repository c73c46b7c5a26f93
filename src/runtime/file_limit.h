// How many files and sockets the process may open. libwebsockets sizes its tables by that limit when
// its context is made, so the limit is raised first thing in main, before the first EventLoop.
#pragma once

#include <cstddef>

namespace runtime {

/// Raises the soft limit of open files towards `wanted`, as far as the hard limit allows, and returns
/// what holds now. Never lowers it. 65,536 is enough for 10,000 accounts; much more costs time, because
/// Debian's libwebsockets scans its table of files whenever it closes one.
std::size_t raise_file_limit(std::size_t wanted = 65'536);

}  // namespace runtime
