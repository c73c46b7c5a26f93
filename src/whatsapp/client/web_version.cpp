#include "whatsapp/client/web_version.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "crypto/hash.h"
#include "runtime/http_client.h"

namespace whatsapp {
namespace {

/// Reads a number at the front of `text` and removes it.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take_character(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string WebVersion::text() const { return fmt::format("{}.{}.{}", primary, secondary, tertiary); }

base::FixedBytes<16> WebVersion::build_hash() const { return crypto::md5(base::as_bytes(text())); }

base::Result<WebVersion> WebVersion::parse(std::string_view text) {
  const auto primary = take_number(text);
  const bool first_dot = take_character(text, '.');
  const auto secondary = take_number(text);
  const bool second_dot = take_character(text, '.');
  const auto tertiary = take_number(text);
  if (!primary || !first_dot || !secondary || !second_dot || !tertiary || !text.empty())
    return base::fail(base::ErrorCode::kMalformed, "a version is three numbers with dots");
  return WebVersion{*primary, *secondary, *tertiary};
}

base::Result<WebVersion> version_in_service_worker(std::string_view body) {
  constexpr std::string_view kName = "client_revision";
  for (auto at = body.find(kName); at != body.npos; at = body.find(kName, at + 1)) {
    std::string_view rest = body.substr(at + kName.size());
    take_character(rest, '\\');
    if (!take_character(rest, '"') || !take_character(rest, ':')) continue;
    while (take_character(rest, ' ')) continue;
    if (const auto revision = take_number(rest)) return WebVersion{.tertiary = *revision};
  }
  return base::fail(base::ErrorCode::kNotFound, "the service worker names no client revision");
}

runtime::Task<base::Result<WebVersion>> fetch_web_version(runtime::HttpClient& http, runtime::Egress egress) {
  runtime::HttpRequest request;
  request.egress = std::move(egress);
  request.url = "https://web.whatsapp.com/sw.js";
  request.headers = {{"sec-fetch-site", "none"},
                     {"user-agent",
                      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                      "Chrome/140.0.0.0 Safari/537.36"}};
  WA_CO_TRY(auto response, co_await http.send(std::move(request)));
  if (response.status != 200)
    co_return base::fail(base::ErrorCode::kRejected, "the service worker could not be read", response.status);
  co_return version_in_service_worker(response.body);
}

}  // namespace whatsapp
