// Files of messages, to and from the media hosts, in constant memory: at most about a megabyte per transfer,
// however long the file is. Reading, hashing and encrypting happen on a lane, never on the loop.
//
// Nothing that comes down is given out before it is proven to be the file that the message means: it lies
// under another name until its MAC and hashes are right, and is then moved to its place in one step.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "runtime/async_semaphore.h"
#include "runtime/blocking_executor.h"
#include "runtime/http_client.h"
#include "whatsapp/client/media/media_connection.h"
#include "whatsapp/media/media_decryptor.h"
#include "whatsapp/message/media_reference.h"

namespace whatsapp {

struct MediaTransportDependencies {
  runtime::EventLoop& loop;
  runtime::HttpClient& http;
  runtime::BlockingExecutor::Lane lane;  // better not the lane of the account's store
  base::Random& random;
  MediaConnection& connection;
  base::Log log;
};

struct MediaTransportSettings {
  runtime::Egress egress{};
  std::uint64_t most_bytes = 128u << 20;  // of a download, encrypted
  std::uint64_t most_document_bytes = (2048ull + 1) << 20;
  std::size_t parallel_uploads = 4;
  base::Duration connect_timeout{10'000};
  base::Duration stall_timeout{30'000};
  base::Duration retry_pause{1'000};  // after the first round through the hosts; longer after the next
  /// For downloads, besides those that the service names.
  std::vector<std::string> fallback_hosts{"mmg.whatsapp.net", "mmg-fallback.whatsapp.net"};
  /// Absolute URLs and redirects that may be followed besides those of is_media_url(). For tests.
  std::function<bool(const std::string& url)> also_allowed{};
};

struct MediaUploadRequest {
  std::string path;  // of the plaintext; must not change meanwhile
  media::MediaKind kind = media::MediaKind::kDocument;
  /// kChannel: as it is, for everybody who follows; otherwise encrypted with a fresh key.
  enum class Audience { kChat, kChannel } audience = Audience::kChat;
  std::optional<std::uint64_t> first_frame_length{};  // animated stickers
};

struct UploadedMedia {
  /// Where it is and how it is read. The kind's own facts (size, duration, …) are for others to fill in.
  message::MediaReference reference{};
  std::string handle{};  // channels: goes with the stanza
  std::optional<media::FileMac> first_frame_sidecar{};
};

struct MediaDownloadRequest {
  message::MediaReference reference;
  std::string target;  // its folder exists
};

struct DownloadedMedia {
  std::uint64_t length = 0;
  crypto::Sha256Digest file_sha256{};
  media::PlaintextHash plaintext_hash = media::PlaintextHash::kNotGiven;
};

class MediaTransport {
 public:
  MediaTransport(MediaTransportDependencies dependencies, MediaTransportSettings settings);

  /// Errors: kClosed (not connected), kUnavailable and kTimeout (later perhaps), kRejected with the HTTP
  /// status (401 and 403: we may not upload), kLimit (413), kNotFound and kIo (the file), kCancelled.
  runtime::Task<base::Result<UploadedMedia>> upload(MediaUploadRequest request);

  /// Errors:
  ///   kNotFound     gone from the hosts (403, 404, 410 in `detail`): our phone may still have it
  ///   kUnavailable, kTimeout   no host would give it; later perhaps
  ///   kCorrupt      every host gave another file
  ///   kCrypto, kMalformed      not the file of this key and kind, or not a usable reference
  ///   kLimit        longer than allowed
  ///   kIo           our disk
  runtime::Task<base::Result<DownloadedMedia>> download(MediaDownloadRequest request);

  /// For an account that gets another proxy while it runs.
  void use(runtime::Egress egress) { settings_.egress = std::move(egress); }

 private:
  MediaTransportDependencies with_;
  MediaTransportSettings settings_;
  runtime::AsyncSemaphore uploads_;
};

}  // namespace whatsapp
