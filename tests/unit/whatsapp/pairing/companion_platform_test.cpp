#include "whatsapp/pairing/companion_platform.h"

#include <doctest/doctest.h>

#include "proto/pairing.pb.h"

using namespace whatsapp::pairing;
using Props = whatsapp::proto::DeviceProps;

TEST_CASE("one setting decides platform type, platform id and the name that the phone shows") {
  const auto chrome = browser_of("chrome").value();
  CHECK(device_props_platform(chrome) == Props::CHROME);
  CHECK(companion_platform_id(chrome) == "1");
  CHECK(companion_platform_display(chrome, "Windows") == "Chrome (Windows)");
  const auto uwp = browser_of("uwp").value();
  CHECK(device_props_platform(uwp) == Props::UWP);
  CHECK(companion_platform_id(uwp) == "8");
  CHECK(companion_platform_display(uwp, "Windows") == "Chrome (Windows)");
}

TEST_CASE("the two numberings of browsers are not mixed up") {
  CHECK(device_props_platform(Browser::kEdge) == Props::EDGE);
  CHECK(companion_platform_id(Browser::kEdge) == "2");
  CHECK(device_props_platform(Browser::kFirefox) == Props::FIREFOX);
  CHECK(companion_platform_id(Browser::kFirefox) == "3");
  CHECK(device_props_platform(Browser::kInternetExplorer) == Props::IE);
  CHECK(companion_platform_id(Browser::kInternetExplorer) == "4");
  CHECK(device_props_platform(Browser::kOpera) == Props::OPERA);
  CHECK(companion_platform_id(Browser::kOpera) == "5");
  CHECK(device_props_platform(Browser::kSafari) == Props::SAFARI);
  CHECK(companion_platform_id(Browser::kSafari) == "6");
  CHECK(device_props_platform(Browser::kDesktop) == Props::DESKTOP);
  CHECK(companion_platform_id(Browser::kDesktop) == "7");
}

TEST_CASE("an unknown browser is no setting") {
  CHECK(!browser_of("Chrome"));
  CHECK(!browser_of(""));
}
