#include "whatsapp/pairing/companion_platform.h"

#include <algorithm>

namespace whatsapp::pairing {
namespace {

struct Row {
  Browser browser;
  std::string_view setting;
  int props_platform;
  std::string_view id;
  std::string_view shown;
};

// Desktop applications show themselves as Chrome: phones know no other name for them.
constexpr Row kRows[] = {
    {Browser::kChrome, "chrome", 1, "1", "Chrome"},    {Browser::kEdge, "edge", 6, "2", "Edge"},
    {Browser::kFirefox, "firefox", 2, "3", "Firefox"}, {Browser::kInternetExplorer, "ie", 3, "4", "IE"},
    {Browser::kOpera, "opera", 4, "5", "Opera"},       {Browser::kSafari, "safari", 5, "6", "Safari"},
    {Browser::kDesktop, "desktop", 7, "7", "Chrome"},  {Browser::kUwp, "uwp", 21, "8", "Chrome"},
};

const Row& row_of(Browser browser) { return *std::ranges::find(kRows, browser, &Row::browser); }

}  // namespace

std::optional<Browser> browser_of(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &Row::setting);
  if (row == std::end(kRows)) return std::nullopt;
  return row->browser;
}

int device_props_platform(Browser browser) { return row_of(browser).props_platform; }

std::string_view companion_platform_id(Browser browser) { return row_of(browser).id; }

std::string companion_platform_display(Browser browser, std::string_view os) {
  return std::string{row_of(browser).shown} + " (" + std::string{os} + ")";
}

}  // namespace whatsapp::pairing
