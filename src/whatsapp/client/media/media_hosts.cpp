#include "whatsapp/client/media/media_hosts.h"

#include <algorithm>

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Jid;
using binary::Node;
using std::chrono::seconds;

constexpr std::size_t kMostHosts = 16;
constexpr std::size_t kLongestAuth = 4096;
constexpr std::int64_t kAbsolute = 1'000'000'000;  // above it a life is a date
constexpr seconds kLongestLife{24 * 3600};

/// A host name, perhaps with a port: nothing else may get into a URL from here.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
}

void add(std::vector<std::string>& hosts, std::string_view host) {
  if (is_host(host) && hosts.size() < kMostHosts && std::ranges::find(hosts, host) == hosts.end())
    hosts.emplace_back(host);
}

std::vector<std::string> hosts_of(const Node& media_conn) {
  std::vector<std::string> hosts;
  const auto nodes = media_conn.children("host");
  const auto is_primary = [](const Node& host) {
    return !host.has_attr("type") || host.attr_is("type", "primary");
  };
  for (const Node* host : nodes)
    if (is_primary(*host)) add(hosts, host->attr("hostname").value_or(""));
  for (const Node* host : nodes) add(hosts, host->attr("hostname").value_or(""));
  for (const Node* host : nodes) add(hosts, host->attr("fallback_hostname").value_or(""));
  return hosts;
}

seconds life(std::int64_t number, std::int64_t unix_seconds) {
  const std::int64_t relative = number >= kAbsolute ? number - unix_seconds : number;
  return std::min(seconds{std::max<std::int64_t>(relative, 0)}, kLongestLife);
}

}  // namespace

Node media_conn_query() {
  return Node("iq")
      .with("to", Jid::service())
      .with("type", "set")
      .with("xmlns", "w:m")
      .add(Node("media_conn"));
}

base::Result<MediaHosts> read_media_conn(const Node& answer, std::int64_t unix_seconds) {
  WA_TRY(const Node* node, answer.require_child("media_conn"));
  MediaHosts found;
  WA_TRY(found.auth, node->require_attr("auth"));
  WA_TRY(const std::int64_t ttl, node->require_number("ttl"));
  found.hosts = hosts_of(*node);
  seconds valid = life(ttl, unix_seconds);
  if (const auto auth_ttl = node->number("auth_ttl")) valid = std::min(valid, life(*auth_ttl, unix_seconds));
  found.valid_for = valid;
  if (found.auth.empty() || found.auth.size() > kLongestAuth || found.hosts.empty() || valid <= seconds{0})
    return base::fail(ErrorCode::kMalformed, "the service names no usable media hosts");
  return found;
}

std::vector<std::string> download_hosts(const std::vector<std::string>& known,
                                        const std::vector<std::string>& others) {
  std::vector<std::string> hosts = known;
  for (const std::string& host : others) add(hosts, host);
  return hosts;
}

}  // namespace whatsapp
