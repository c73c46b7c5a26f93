// Uploads that may be used again: the same URL sent to a thousand people is one upload. Remembered in the
// account's store, by URL with what its server said to recognise the file by, and by content; forgotten when
// the media hosts would no longer give the file out.
#pragma once

#include <optional>
#include <string>

#include "attachments/url_fetcher.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/media/media_transport.h"

namespace worker {

struct RememberedUpload {
  Validators validators{};  // of the URL's server
  whatsapp::message::MediaReference file{};
  std::string handle{};          // channels
  std::int64_t valid_until = 0;  // Unix seconds
};

/// What makes two uploads interchangeable besides their bytes.
struct UploadShape {
  whatsapp::media::MediaKind kind = whatsapp::media::MediaKind::kDocument;
  whatsapp::MediaUploadRequest::Audience audience = whatsapp::MediaUploadRequest::Audience::kChat;
  std::string mimetype{};  // that the caller insists on
};

class UploadMemory {
 public:
  UploadMemory(whatsapp::AccountStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  runtime::Task<std::optional<RememberedUpload>> by_url(UploadShape shape, std::string url);
  runtime::Task<std::optional<RememberedUpload>> by_content(UploadShape shape, crypto::Sha256Digest sha256);
  /// Under both names. A store that fails costs an upload next time, nothing else.
  runtime::Task<void> remember(UploadShape shape, std::string url, crypto::Sha256Digest sha256,
                               RememberedUpload upload);

 private:
  runtime::Task<std::optional<RememberedUpload>> look_up(std::string key);

  whatsapp::AccountStore& store_;
  const base::Clock& clock_;
};

/// Until when the hosts give the file of a direct path out, as its `oe` says; at most three days from now.
std::int64_t usable_until(const std::string& direct_path, std::int64_t now);

}  // namespace worker
