#include "whatsapp/message/bounded_text.h"

#include "whatsapp/message/utf8.h"

namespace whatsapp::message {
namespace {

bool continues_a_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

std::string sanitised(std::string_view text, std::size_t most) {
  if (text.size() > most) {
    constexpr std::size_t kLongestCharacter = 4;
    std::size_t end = most;
    while (end > 0 && most - end < kLongestCharacter && continues_a_character(text[end])) --end;
    text = text.substr(0, end);
  }
  return to_valid_utf8(text);
}

}  // namespace whatsapp::message
