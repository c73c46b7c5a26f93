#include "runtime/web_socket_url.h"

#include <algorithm>
#include <charconv>

namespace runtime {
namespace {

constexpr std::size_t kMaxHost = 127;   // what libwebsockets keeps for the certificate check
constexpr std::size_t kMaxPath = 1500;  // it must fit the upgrade request

std::unexpected<base::Error> bad(const char* why) {
  return base::fail(base::ErrorCode::kInvalidArgument, std::string{"not a WebSocket URL: "} + why);
}

bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

base::Result<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65'535)
    return bad("port");
  return port;
}

}  // namespace

std::string WebSocketUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? 443 : 80) ? name : name + ":" + std::to_string(port);
}

base::Result<WebSocketUrl> parse_web_socket_url(std::string_view text) {
  WebSocketUrl url;
  if (!is_clean(text)) return bad("blank or control characters");
  if (text.starts_with("wss://")) {
    url.tls = true;
    text.remove_prefix(6);
  } else if (text.starts_with("ws://")) {
    text.remove_prefix(5);
  } else {
    return bad("it must begin with ws:// or wss://");
  }
  const std::size_t end = text.find_first_of("/?#");
  std::string_view authority = text.substr(0, end);
  url.path = end == std::string_view::npos ? "/" : std::string{text.substr(end, text.find('#') - end)};
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return bad("user names are not supported");

  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) return bad("address");
  url.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
  std::string_view rest =
      host_end == std::string_view::npos ? std::string_view{} : authority.substr(host_end);
  if (bracketed) rest.remove_prefix(1);
  url.port = url.tls ? 443 : 80;
  if (!rest.empty()) {
    if (rest.front() != ':') return bad("port");
    WA_TRY(url.port, parse_port(rest.substr(1)));
  }
  if (url.host.empty() || url.host.size() > kMaxHost) return bad("host");
  if (url.path.size() > kMaxPath) return bad("path too long");
  return url;
}

}  // namespace runtime
