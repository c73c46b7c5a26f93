#include <algorithm>
#include <string_view>

#include "runtime/curl_multi.h"

namespace runtime {
namespace {

base::ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return base::ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return base::ErrorCode::kInvalidArgument;
    default:
      return base::ErrorCode::kUnavailable;
  }
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

base::Result<void> CurlTransfer::configure(CURL* easy) {
  if (!is_header_name(request_.method))
    return base::fail(base::ErrorCode::kInvalidArgument, "not an HTTP method: " + request_.method);
  if (!request_.url.starts_with("http://") && !request_.url.starts_with("https://"))
    return base::fail(base::ErrorCode::kInvalidArgument, "an HTTP URL must begin with http:// or https://");
  WA_TRY_VOID(add_headers());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_lines_);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  set_method(easy);
  return {};
}

base::Result<void> CurlTransfer::add_headers() {
  const auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_lines_, line.c_str());
    if (longer != nullptr) header_lines_ = longer;
  };
  for (const auto& [name, value] : request_.headers) {
    if (!is_header_name(name) || !is_header_value(value))
      return base::fail(base::ErrorCode::kInvalidArgument, "not a valid header: " + name);
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  // curl's own ideas: a form as the type of any body, and waiting a second for a 100.
  if (header(request_.headers, "Content-Type").empty()) append("Content-Type:");
  append("Expect:");
  return {};
}

void CurlTransfer::set_method(CURL* easy) const {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.method == "GET" && request_.body.empty()) return;
  const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
                        request_.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t total = size * count;
  if (total > transfer.request_.max_response - transfer.response_.body.size()) {
    transfer.too_long_ = true;
    return 0;
  }
  transfer.response_.body.append(bytes, total);
  return total;
}

std::size_t CurlTransfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string_view line{bytes, size * count};
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    transfer.response_.headers.clear();  // those before were of a 1xx answer
  } else if (colon != std::string_view::npos && transfer.response_.headers.size() < 256) {
    transfer.response_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

void CurlTransfer::finish(CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    done_.set(std::move(response_));
  } else if (too_long_) {
    fail({base::ErrorCode::kLimit, "the response is larger than allowed"});
  } else {
    fail({code_of(code), error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code)});
  }
}

void CurlTransfer::fail(base::Error error) { done_.set(base::fail(std::move(error))); }

}  // namespace runtime
