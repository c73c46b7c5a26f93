// A QR code as the page and the edge want it: a PNG inside a data URL. And as the terminal wants it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace worker {

/// "data:image/png;base64,…" of a black-on-white QR with a quiet zone of 4 modules, 6 pixels a module.
/// kLimit when the text does not fit a QR code.
base::Result<std::string> qr_data_url(std::string_view text);

/// The same code in half-block characters, for a terminal with a dark background.
base::Result<std::string> qr_terminal(std::string_view text);

}  // namespace worker
