// The version of the web client that we say we are: 2.3000.<revision>. The server refuses versions that are
// too old (failure 405), so it is data that can be refreshed, not a constant. The current revision stands in
// the web client's service worker, https://web.whatsapp.com/sw.js.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/egress.h"
#include "runtime/task.h"

namespace runtime {
class HttpClient;
}

namespace whatsapp {

struct WebVersion {
  std::uint32_t primary = 2, secondary = 3000, tertiary = 1'045'649'367;

  [[nodiscard]] std::string text() const;  // "2.3000.1045649367"
  /// MD5 of the text, which a registration carries.
  [[nodiscard]] base::FixedBytes<16> build_hash() const;
  /// Three numbers with dots. kMalformed for anything else.
  static base::Result<WebVersion> parse(std::string_view text);

  friend auto operator<=>(const WebVersion&, const WebVersion&) = default;
};

/// The version of the service worker's text: the number after "client_revision", whose quotes may be
/// escaped. kNotFound.
base::Result<WebVersion> version_in_service_worker(std::string_view body);

/// Asks the service worker's address, at most 10 s and 4 MiB. The caller keeps the newest of what it has:
/// versions never go back, and a connection never waits for this or fails with it.
runtime::Task<base::Result<WebVersion>> fetch_web_version(runtime::HttpClient& http,
                                                          runtime::Egress egress = {});

}  // namespace whatsapp
