// Fetches what a media_url names, onto the disk: of bounded size and time, from public addresses only (unless
// the operator allows others), through the account's own egress. A file that has not changed since the last
// time is not fetched again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "crypto/hash.h"
#include "runtime/blocking_executor.h"
#include "runtime/http_client.h"
#include "whatsapp/client/media/media_files.h"

namespace worker {

struct FetchSettings {
  std::string folder;  // for temporary files; made when missing
  runtime::Egress egress{};
  runtime::AddressPolicy addresses = runtime::AddressPolicy::kPublicOnly;
  int redirects = 5;
  base::Duration connect_timeout{10'000};
  base::Duration stall_timeout{30'000};
  base::Duration total_timeout{30 * 60'000};
};

/// What a server said to recognise a file by.
struct Validators {
  std::string etag{};
  std::string last_modified{};
  [[nodiscard]] bool empty() const { return etag.empty() && last_modified.empty(); }
};

struct FetchedFile {
  std::unique_ptr<whatsapp::TemporaryFile> file;  // null: not changed
  std::uint64_t size = 0;
  crypto::Sha256Digest sha256{};
  base::Bytes head{};  // the first bytes, at most 64
  Validators validators{};
  std::string mimetype{};   // as the server says
  std::string file_name{};  // from Content-Disposition or the URL; not yet safe
};

class UrlFetcher {
 public:
  UrlFetcher(runtime::HttpClient& http, runtime::BlockingExecutor::Lane lane, base::Random& random,
             FetchSettings settings)
      : http_(http), lane_(lane), random_(random), settings_(std::move(settings)) {}

  /// Errors: kLimit (larger than `most`), kInvalidArgument (no URL that may be fetched), kRejected with the
  /// HTTP status (4xx), kUnavailable and kTimeout (later perhaps), kIo.
  runtime::Task<base::Result<FetchedFile>> fetch(std::string url, std::uint64_t most, Validators known);

  void use(runtime::Egress egress) { settings_.egress = std::move(egress); }

 private:
  runtime::HttpClient& http_;
  runtime::BlockingExecutor::Lane lane_;
  base::Random& random_;
  FetchSettings settings_;
};

}  // namespace worker
