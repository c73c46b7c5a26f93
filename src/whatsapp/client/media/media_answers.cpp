#include "whatsapp/client/media/media_answers.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "runtime/json.h"
#include "whatsapp/media/media_url.h"

namespace whatsapp {
namespace {

constexpr base::Duration kLongestWait{60'000};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

UploadVerdict judge_upload(int status) {
  if (status == 200) return UploadVerdict::kDone;
  if (status == 401 || status == 403) return UploadVerdict::kUnauthorized;
  if (status == 413) return UploadVerdict::kTooLarge;
  if (status == 408 || status == 429 || status >= 500) return UploadVerdict::kBusy;
  return UploadVerdict::kRefused;
}

base::Result<StoredFile> read_stored_file(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object())
    return base::fail(base::ErrorCode::kMalformed, "a media host did not answer in JSON");
  StoredFile file{text_of(json, "url"), text_of(json, "direct_path"), text_of(json, "handle")};
  if (!media::check_direct_path(file.direct_path))
    return base::fail(base::ErrorCode::kMalformed, "a media host did not say where the file is");
  if (file.url.empty()) file.url = "https://mmg.whatsapp.net" + file.direct_path;
  return file;
}

DownloadVerdict judge_download(int status) {
  switch (status) {
    case 200:
    case 206:
      return DownloadVerdict::kBody;
    case 403:
    case 404:
    case 410:
      return DownloadVerdict::kGone;
    case 401:
      return DownloadVerdict::kUnauthorized;
    case 416:
      return DownloadVerdict::kBadRange;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return DownloadVerdict::kBusy;
    default:
      return DownloadVerdict::kNextHost;
  }
}

std::optional<std::uint64_t> range_start(const runtime::HttpHeaders& headers) {
  std::string_view text = runtime::header(headers, "Content-Range");
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  return number(text.substr(0, text.find('-')));
}

std::optional<std::uint64_t> content_length(const runtime::HttpHeaders& headers) {
  return number(runtime::header(headers, "Content-Length"));
}

base::Duration wait_before_retry(const runtime::HttpHeaders& headers, base::Duration otherwise) {
  const auto seconds = number(runtime::header(headers, "Retry-After"));
  if (!seconds) return otherwise;
  return std::min<base::Duration>(std::chrono::seconds{std::min<std::uint64_t>(*seconds, 3600)},
                                  kLongestWait);
}

}  // namespace whatsapp
