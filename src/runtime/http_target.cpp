#include "runtime/http_target.h"

#include <curl/curl.h>

#include <memory>

namespace runtime {
namespace {

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

base::Result<Url> parse(const std::string& text) {
  if (!text.starts_with("http://") && !text.starts_with("https://"))
    return base::fail(base::ErrorCode::kInvalidArgument, "an HTTP URL must begin with http:// or https://");
  Url url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return base::fail(base::ErrorCode::kInvalidArgument, "not a URL");
  return url;
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

}  // namespace

base::Result<HttpTarget> parse_http_target(const std::string& text) {
  WA_TRY(const Url url, parse(text));
  HttpTarget target{part(url.get(), CURLUPART_SCHEME), part(url.get(), CURLUPART_HOST),
                    part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)};
  const bool ours = target.scheme == "http" || target.scheme == "https";
  if (!ours || target.host.empty()) return base::fail(base::ErrorCode::kInvalidArgument, "not an HTTP URL");
  return target;
}

bool is_redirect(const HttpResponse& response) {
  const int status = response.status;
  const bool elsewhere = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
  return elsewhere && !header(response.headers, "Location").empty();
}

base::Result<std::string> resolve_location(const std::string& base, std::string_view location) {
  WA_TRY(const Url url, parse(base));
  const std::string text{location};
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return base::fail(base::ErrorCode::kInvalidArgument, "the server redirects to what is no URL");
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  return part(url.get(), CURLUPART_URL);
}

}  // namespace runtime
