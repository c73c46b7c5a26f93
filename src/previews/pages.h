// How many pages a PDF has, by the largest /Count of its page trees, as far as they are not compressed.
#pragma once

#include <cstdint>

namespace previews {

/// Reads at most 64 MiB from the descriptor; 0: unknown.
std::uint32_t pdf_pages(int file);

}  // namespace previews
