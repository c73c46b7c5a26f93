#include "runtime/egress.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/encoding.h"

namespace runtime {
namespace {

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxCredential = 255;  // what SOCKS5 can carry

struct Scheme {
  std::string_view name;
  Proxy::Kind kind;
  int port;
};
constexpr std::array kSchemes{
    Scheme{"http", Proxy::Kind::kHttp, 80}, Scheme{"https", Proxy::Kind::kHttps, 443},
    Scheme{"socks5", Proxy::Kind::kSocks5, 1080}, Scheme{"socks5h", Proxy::Kind::kSocks5h, 1080}};

std::unexpected<base::Error> bad(const char* why) {
  return base::fail(base::ErrorCode::kInvalidArgument, std::string{"not a usable proxy URL: "} + why);
}

bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// Nothing for a broken escape, or for bytes that no proxy protocol can carry.
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = base::from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += static_cast<char>(byte->front());
    i += 2;
  }
  const bool printable =
      std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!printable || out.size() > kMaxCredential) return std::nullopt;
  return out;
}

base::Result<void> read_credentials(std::string_view text, Proxy& proxy) {
  const std::size_t colon = text.find(':');
  const auto user = decoded(text.substr(0, colon));
  const auto password =
      colon == std::string_view::npos ? std::optional<std::string>{""} : decoded(text.substr(colon + 1));
  if (!user || !password) return bad("user or password");
  // Basic authentication cannot carry a colon in the user.
  if (!proxy.is_socks() && user->contains(':')) return bad("user");
  // SOCKS5 knows no empty user or password.
  if (proxy.is_socks() && (user->empty() || password->empty())) return bad("user or password is empty");
  proxy.user = *user;
  proxy.password = *password;
  return {};
}

base::Result<void> read_place(std::string_view text, Proxy& proxy) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : text.find(':');
  if (bracketed && end == std::string_view::npos) return bad("address");
  proxy.host = bracketed ? text.substr(1, end - 1) : text.substr(0, end);
  std::string_view rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
  if (bracketed) rest.remove_prefix(1);
  if (!rest.empty()) {
    if (!rest.starts_with(':')) return bad("port");
    rest.remove_prefix(1);
    const auto [last, error] = std::from_chars(rest.data(), rest.data() + rest.size(), proxy.port);
    if (error != std::errc{} || last != rest.data() + rest.size() || proxy.port < 1 || proxy.port > 65'535)
      return bad("port");
  }
  const bool fits = !proxy.host.empty() && proxy.host.size() <= kMaxHost &&
                    proxy.host.find_first_of("%[]@\\") == std::string::npos;
  if (!fits) return bad("host");
  return {};
}

}  // namespace

base::Result<Egress> Egress::parse(std::string_view proxy_url) {
  if (proxy_url.empty()) return Egress{};
  if (!is_clean(proxy_url)) return bad("blank or control characters");
  const std::size_t separator = proxy_url.find("://");
  if (separator == std::string_view::npos) return bad("it must begin with http, https, socks5 or socks5h");
  const auto scheme = std::ranges::find(kSchemes, lower(proxy_url.substr(0, separator)),
                                        [](const Scheme& known) { return std::string{known.name}; });
  if (scheme == kSchemes.end()) return bad("it must begin with http, https, socks5 or socks5h");

  auto proxy = std::make_shared<Proxy>();
  proxy->kind = scheme->kind;
  proxy->port = scheme->port;
  std::string_view place = proxy_url.substr(separator + 3);
  if (place.ends_with('/')) place.remove_suffix(1);
  if (place.find_first_of("/?#") != std::string_view::npos) return bad("a proxy has no path");
  if (const std::size_t at = place.rfind('@'); at != std::string_view::npos) {
    WA_TRY_VOID(read_credentials(place.substr(0, at), *proxy));
    place.remove_prefix(at + 1);
  }
  WA_TRY_VOID(read_place(place, *proxy));
  Egress egress;
  egress.proxy_ = std::move(proxy);
  return egress;
}

std::string Egress::description() const {
  if (proxy_ == nullptr) return "direct";
  const std::string host = proxy_->host.contains(':') ? "[" + proxy_->host + "]" : proxy_->host;
  return std::string{scheme_of(proxy_->kind)} + "://" + host + ":" + std::to_string(proxy_->port);
}

std::string_view scheme_of(Proxy::Kind kind) {
  return std::ranges::find(kSchemes, kind, &Scheme::kind)->name;
}

}  // namespace runtime
