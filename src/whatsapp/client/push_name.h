// Names that people give themselves, as they may be shown to others and taken from them.
#pragma once

#include <string>
#include <string_view>

namespace whatsapp {

/// Our own name as the server takes it: valid UTF-8, at most 256 bytes, without '@': a name that begins
/// with it closes the connection (10 B6). May come out empty.
std::string presentable_push_name(std::string_view name);

/// Somebody's name that says something: not empty, not "-". Valid UTF-8, at most 256 bytes; else empty.
std::string usable_push_name(std::string_view name);

}  // namespace whatsapp
