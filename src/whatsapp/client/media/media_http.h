// What requests to the media hosts have in common, both ways. Internal to this folder.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/http_client.h"
#include "runtime/http_target.h"
#include "whatsapp/client/media/media_transport.h"
#include "whatsapp/media/media_url.h"

namespace whatsapp {

inline constexpr int kMediaRedirects = 5;
inline constexpr std::size_t kLongestMediaAnswer = 256 * 1024;

/// "https://host[:port]/…" of one of `hosts`.
inline bool is_url_of(const std::string& url, const std::vector<std::string>& hosts) {
  return std::ranges::any_of(
      hosts, [&](const std::string& host) { return url.starts_with("https://" + host + "/"); });
}

/// To be completed with method, URL and body. Redirects stay within the service's own hosts.
inline runtime::HttpRequest media_request(const MediaTransportSettings& settings,
                                          std::vector<std::string> hosts) {
  runtime::HttpRequest request;
  request.headers = {{"Origin", "https://web.whatsapp.com"}, {"Referer", "https://web.whatsapp.com/"}};
  request.egress = settings.egress;
  request.connect_timeout = settings.connect_timeout;
  request.stall_timeout = settings.stall_timeout;
  request.total_timeout = base::Duration{0};
  request.max_response = kLongestMediaAnswer;
  request.redirects.most = kMediaRedirects;
  request.redirects.allowed = [hosts = std::move(hosts),
                               also = settings.also_allowed](const std::string& url) {
    return media::is_media_url(url) || is_url_of(url, hosts) || (also && also(url));
  };
  return request;
}

}  // namespace whatsapp
