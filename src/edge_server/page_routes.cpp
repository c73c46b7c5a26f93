// The page and the API's description. The page is public; all it shows comes from the API, with the visitor's
// key.
#include "edge_server/embedded_files.h"
#include "edge_server/route_handlers.h"

namespace edge_server::page {

using runtime::HttpResponse;
using runtime::Task;

namespace {

// Only our own script and style run here, whatever a message says.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; media-src 'self' "
    "https:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

HttpResponse file(const char* type, std::string_view content) {
  return {200,
          {{"Content-Type", type},
           {"Cache-Control", "no-cache"},
           {"Content-Security-Policy", kPolicy},
           {"Referrer-Policy", "no-referrer"},
           {"X-Content-Type-Options", "nosniff"}},
          std::string{content}};
}

}  // namespace

Task<HttpResponse> index(Services&, const RouteCall&) {
  co_return file("text/html; charset=utf-8", page_html());
}

Task<HttpResponse> script(Services&, const RouteCall&) {
  co_return file("text/javascript; charset=utf-8", page_script());
}

Task<HttpResponse> style(Services&, const RouteCall&) {
  co_return file("text/css; charset=utf-8", page_style());
}

Task<HttpResponse> description(Services&, const RouteCall&) {
  co_return file("application/yaml; charset=utf-8", api_description());
}

}  // namespace edge_server::page
