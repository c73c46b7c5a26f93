// Texts of peers on their way into Content: valid UTF-8, and never longer than somebody could have meant.
#pragma once

#include <string>
#include <string_view>

namespace whatsapp::message {

inline constexpr std::size_t kLongestBody = 256u << 10;     // WhatsApp takes 65,536 characters
inline constexpr std::size_t kLongestShortText = 4u << 10;  // names, titles, labels, ids
inline constexpr std::size_t kLongestLongText = 64u << 10;  // vCards, descriptions, parameters

/// Valid UTF-8, cut at a character below `most` bytes of input.
std::string sanitised(std::string_view text, std::size_t most = kLongestBody);
inline std::string short_text(std::string_view text) { return sanitised(text, kLongestShortText); }
inline std::string long_text(std::string_view text) { return sanitised(text, kLongestLongText); }

}  // namespace whatsapp::message
