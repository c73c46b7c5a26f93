// What the answers of the media hosts mean, and what to do next (spec 06 §3.3, §3.5, §4.2). Pure.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/http.h"

namespace whatsapp {

/// After an upload.
enum class UploadVerdict {
  kDone,          // 200; the body says where the file is
  kUnauthorized,  // our permission is no longer good
  kTooLarge,
  kRefused,  // this host will not have it
  kBusy,     // later, or another host
};
UploadVerdict judge_upload(int status);

struct StoredFile {
  std::string url{};
  std::string direct_path{};
  std::string handle{};  // channels
};
/// kMalformed without a place; also for a 200.
base::Result<StoredFile> read_stored_file(const std::string& body);

/// After a download.
enum class DownloadVerdict {
  kBody,          // 200 or 206
  kGone,          // no host has it any more
  kUnauthorized,  // another host; all of them: ask for the hosts anew
  kBadRange,      // what we have is not the beginning of it
  kBusy,          // this host, a little later
  kNextHost,
};
DownloadVerdict judge_download(int status);

/// Of "Content-Range: bytes 100-199/200": 100.
std::optional<std::uint64_t> range_start(const runtime::HttpHeaders& headers);
std::optional<std::uint64_t> content_length(const runtime::HttpHeaders& headers);

/// What the server asks for in Retry-After, at most a minute; else `otherwise`.
base::Duration wait_before_retry(const runtime::HttpHeaders& headers, base::Duration otherwise);

}  // namespace whatsapp
