// Files that travel inside the program: the page, and the API's description. Generated at build time from the
// files of page/ and docs/edge-api.yaml (cmake/embed.cmake).
#pragma once

#include <string_view>

namespace edge_server {

std::string_view page_html();
std::string_view page_script();
std::string_view page_style();
std::string_view api_description();

}  // namespace edge_server
