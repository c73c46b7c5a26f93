// How a companion names its kind: one setting decides the platform type in DeviceProps, the one-character
// id in the QR code and in code linking, and the name that the phone shows. Spec 03 §13.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whatsapp::pairing {

enum class Browser { kChrome, kEdge, kFirefox, kInternetExplorer, kOpera, kSafari, kDesktop, kUwp };

/// "chrome", "edge", "firefox", "ie", "opera", "safari", "desktop", "uwp".
std::optional<Browser> browser_of(std::string_view name);

/// The number of DeviceProps.PlatformType.
int device_props_platform(Browser browser);
/// `companion_platform_id`, also the last field of the QR text.
std::string_view companion_platform_id(Browser browser);
/// `companion_platform_display`: "Chrome (Windows)".
std::string companion_platform_display(Browser browser, std::string_view os);

}  // namespace whatsapp::pairing
