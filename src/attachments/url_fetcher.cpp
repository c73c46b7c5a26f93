#include "attachments/url_fetcher.h"

#include <filesystem>
#include <utility>

#include "base/encoding.h"
#include "crypto/sha256_state.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using runtime::HttpResponse;
using runtime::Task;
using whatsapp::OpenFile;
using whatsapp::TemporaryFile;

namespace {

constexpr std::size_t kHead = 64;

// Onto the disk, counted and hashed.
class Intake final : public runtime::BodySink {
 public:
  Intake(runtime::BlockingExecutor::Lane lane, std::string path, std::uint64_t most)
      : lane_(lane), path_(std::move(path)), most_(most) {}

  Result<Body> begin(const HttpResponse& answer) override {
    if (answer.status != 200) return Body::kToResponse;
    const auto announced = runtime::header(answer.headers, "Content-Length");
    if (announced.size() > 18 ||
        (!announced.empty() && std::strtoull(std::string{announced}.c_str(), nullptr, 10) > most_))
      return too_large();
    return Body::kToSink;
  }

  Task<Result<void>> write(base::Bytes piece) override {
    const auto job = [this, &piece] { return take(piece); };
    co_return co_await lane_.run(job);
  }

  Result<void> take(base::ByteView piece) {
    if (!file_.is_open()) {
      WA_TRY(file_, OpenFile::create(path_));
    }
    size += piece.size();
    if (size > most_) return too_large();
    if (head.size() < kHead) base::append(head, piece.first(std::min(piece.size(), kHead - head.size())));
    hash.update(piece);
    return file_.write(piece);
  }

  std::uint64_t size = 0;
  base::Bytes head;
  crypto::Sha256State hash;

 private:
  static std::unexpected<base::Error> too_large() {
    return base::fail(ErrorCode::kLimit, "the file is larger than WhatsApp takes");
  }

  runtime::BlockingExecutor::Lane lane_;
  std::string path_;
  std::uint64_t most_;
  OpenFile file_;
};

/// filename="…" of a Content-Disposition, or the last part of the URL's path.
std::string name_of(const HttpResponse& answer, const std::string& url) {
  const std::string_view disposition = runtime::header(answer.headers, "Content-Disposition");
  if (const std::size_t at = disposition.find("filename*=UTF-8''"); at != std::string_view::npos) {
    const std::string_view value = disposition.substr(at + 17);
    return runtime::path_decode(value.substr(0, value.find(';')));
  }
  if (const std::size_t at = disposition.find("filename="); at != std::string_view::npos) {
    std::string_view value = disposition.substr(at + 9);
    if (value.starts_with('"')) return std::string{value.substr(1, value.find('"', 1) - 1)};
    return std::string{value.substr(0, value.find(';'))};
  }
  std::string path = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = path.find("://");
  const std::size_t slash = path.rfind('/');
  if (host == std::string::npos || slash < host + 3) return {};
  return runtime::path_decode(std::string_view{path}.substr(slash + 1));
}

base::Error error_of(int status) {
  const std::string text = "the server of the file answers with HTTP status " + std::to_string(status);
  const bool later = status == 408 || status == 425 || status == 429 || status >= 500;
  return {later ? ErrorCode::kUnavailable : ErrorCode::kRejected, text, status};
}

Result<void> make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return base::fail(ErrorCode::kIo, "the folder for fetched files cannot be made: " + error.message());
}

}  // namespace

Task<Result<FetchedFile>> UrlFetcher::fetch(std::string url, std::uint64_t most, Validators known) {
  const auto prepare = [this] { return make_folder(settings_.folder); };
  WA_CO_TRY_VOID(co_await lane_.run(prepare));
  FetchedFile fetched;
  fetched.file =
      std::make_unique<TemporaryFile>(settings_.folder + "/fetch-" + base::to_hex(random_.bytes<12>()));
  Intake intake(lane_, fetched.file->path(), most);
  runtime::HttpRequest request;
  request.url = url;
  request.egress = settings_.egress;
  request.addresses = settings_.addresses;
  request.redirects.most = settings_.redirects;
  request.connect_timeout = settings_.connect_timeout;
  request.stall_timeout = settings_.stall_timeout;
  request.total_timeout = settings_.total_timeout;
  request.max_response = 64 * 1024;
  request.sink = &intake;
  request.headers = {{"Accept", "*/*"}};
  if (!known.etag.empty()) request.headers.emplace_back("If-None-Match", known.etag);
  if (!known.last_modified.empty()) request.headers.emplace_back("If-Modified-Since", known.last_modified);
  WA_CO_TRY(const HttpResponse answer, co_await http_.send(std::move(request)));
  fetched.validators = {std::string{runtime::header(answer.headers, "ETag")},
                        std::string{runtime::header(answer.headers, "Last-Modified")}};
  fetched.mimetype = runtime::header(answer.headers, "Content-Type");
  fetched.file_name = name_of(answer, url);
  if (answer.status == 304 && !known.empty()) {
    fetched.file.reset();
    co_return fetched;
  }
  if (answer.status != 200) co_return base::fail(error_of(answer.status));
  if (intake.size == 0) {  // an empty file is one, too
    const auto touch = [&intake] { return intake.take({}); };
    WA_CO_TRY_VOID(co_await lane_.run(touch));
  }
  fetched.size = intake.size;
  fetched.sha256 = intake.hash.finish();
  fetched.head = std::move(intake.head);
  co_return fetched;
}

}  // namespace worker
