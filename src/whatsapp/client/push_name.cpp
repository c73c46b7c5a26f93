#include "whatsapp/client/push_name.h"

#include "whatsapp/message/utf8.h"

namespace whatsapp {
namespace {

constexpr std::size_t kLongestName = 256;  // bytes

std::string valid_and_short(std::string_view name) {
  std::string out = message::to_valid_utf8(std::string{name});
  if (out.size() <= kLongestName) return out;
  std::size_t end = kLongestName;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
  out.resize(end);
  return out;
}

}  // namespace

std::string presentable_push_name(std::string_view name) {
  std::string out = valid_and_short(name);
  std::erase(out, '@');
  return out;
}

std::string usable_push_name(std::string_view name) {
  return name == "-" ? std::string{} : valid_and_short(name);
}

}  // namespace whatsapp
