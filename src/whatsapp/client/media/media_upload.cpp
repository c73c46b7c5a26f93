// Uploads: encrypt once to know the name, encrypt again while sending, host after host.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "runtime/body_sources.h"
#include "whatsapp/client/media/media_answers.h"
#include "whatsapp/client/media/media_files.h"
#include "whatsapp/client/media/media_http.h"
#include "whatsapp/client/media/media_transport.h"
#include "whatsapp/media/media_url.h"

namespace whatsapp {

using base::ErrorCode;
using base::Result;
using runtime::Task;

namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 3;  // through the list of hosts
constexpr std::uint64_t kBytesPerSecond = 50'000;
constexpr base::Duration kTurn = 1h;  // to wait for a place among the uploads

media::EncryptOptions options_of(const MediaUploadRequest& request) {
  using media::MediaKind;
  const bool plays = request.kind == MediaKind::kVideo || request.kind == MediaKind::kPtv ||
                     request.kind == MediaKind::kAudio || request.kind == MediaKind::kPtt;
  return {.sidecar = plays ? media::Sidecar::kStreaming : media::Sidecar::kNone,
          .first_frame_length = request.first_frame_length};
}

// What is sent, and the part of the URL that depends on it.
struct Shipment {
  std::unique_ptr<runtime::BodySource> body;
  std::string path;  // of the URL, up to the token
  std::string token;
  std::string extra;  // query
};

struct Attempt {
  enum class End { kDone, kUnauthorized, kNextHost, kNextHostLater, kOver } end = End::kNextHost;
  StoredFile file{};
  base::Error error{};
  base::Duration wait{0};
};

// One file on its way to whichever host takes it.
class Delivery {
 public:
  Delivery(const MediaTransportDependencies& with, const MediaTransportSettings& settings, Shipment& shipment)
      : with_(with), settings_(settings), shipment_(shipment) {}

  Task<Result<StoredFile>> run() {
    WA_CO_TRY(MediaHosts hosts, co_await with_.connection.hosts());
    bool renewed = false;
    Attempt last;
    for (int round = 0; round < kRounds; ++round) {
      bool later = false;
      for (std::size_t i = 0; i < hosts.hosts.size(); ++i) {
        last = co_await attempt(hosts.hosts[i], hosts);
        if (last.end == Attempt::End::kDone) co_return std::move(last.file);
        if (last.end == Attempt::End::kOver) co_return base::fail(std::move(last.error));
        if (last.end == Attempt::End::kUnauthorized) {
          if (std::exchange(renewed, true)) co_return base::fail(std::move(last.error));
          with_.connection.refuse(hosts.auth);
          WA_CO_TRY(hosts, co_await with_.connection.hosts());
          i = static_cast<std::size_t>(-1);  // the new list from its beginning
          continue;
        }
        later = later || last.end == Attempt::End::kNextHostLater;
      }
      if (!later) break;
      const base::Duration pause = std::max<base::Duration>(last.wait, settings_.retry_pause * (1 << round));
      if (round + 1 < kRounds) WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, pause));
    }
    co_return base::fail(std::move(last.error));
  }

 private:
  Task<Attempt> attempt(std::string host, const MediaHosts& hosts) {
    runtime::HttpRequest request = media_request(settings_, hosts.hosts);
    request.method = "POST";
    request.url = "https://" + host + shipment_.path + shipment_.token +
                  "?auth=" + runtime::url_encode(hosts.auth) + "&token=" + shipment_.token + shipment_.extra;
    request.headers.emplace_back("Content-Type", "application/octet-stream");
    request.source = shipment_.body.get();
    request.total_timeout = 60s + 1s * static_cast<std::int64_t>(shipment_.body->length() / kBytesPerSecond);
    auto answer = co_await with_.http.send(std::move(request));
    if (!answer) co_return broken(std::move(answer).error());
    co_return judge(*answer, hosts);
  }

  static Attempt broken(base::Error error) {
    Attempt attempt;
    const bool host_failed = error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout ||
                             error.code == ErrorCode::kLimit || error.code == ErrorCode::kInvalidArgument;
    attempt.end = host_failed ? Attempt::End::kNextHostLater : Attempt::End::kOver;
    if (error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kLimit)
      error.code = ErrorCode::kUnavailable;  // a redirect to nowhere
    attempt.error = std::move(error);
    return attempt;
  }

  Attempt judge(const runtime::HttpResponse& answer, const MediaHosts& hosts) {
    Attempt attempt;
    attempt.error = {ErrorCode::kRejected,
                     "a media host refuses the upload with HTTP status " + std::to_string(answer.status),
                     answer.status};
    switch (judge_upload(answer.status)) {
      case UploadVerdict::kDone: {
        auto file = read_stored_file(answer.body);
        if (file) return {.end = Attempt::End::kDone, .file = *std::move(file)};
        with_.connection.refuse(hosts.auth);  // the next upload asks anew
        attempt.end = Attempt::End::kNextHostLater;
        attempt.error = {ErrorCode::kUnavailable, file.error().message};
        break;
      }
      case UploadVerdict::kUnauthorized:
        attempt.end = Attempt::End::kUnauthorized;
        break;
      case UploadVerdict::kTooLarge:
        attempt.end = Attempt::End::kOver;
        attempt.error = {ErrorCode::kLimit, "the file is too large for the media hosts", answer.status};
        break;
      case UploadVerdict::kRefused:
        attempt.end = Attempt::End::kNextHost;
        break;
      case UploadVerdict::kBusy:
        attempt.end = Attempt::End::kNextHostLater;
        attempt.error.code = ErrorCode::kUnavailable;
        attempt.wait = wait_before_retry(answer.headers, base::Duration{0});
        break;
    }
    return attempt;
  }

  const MediaTransportDependencies& with_;
  const MediaTransportSettings& settings_;
  Shipment& shipment_;
};

Task<Result<crypto::Sha256Digest>> hash_of(runtime::BlockingExecutor::Lane lane, std::string path) {
  const auto open = [&path] { return OpenFile::to_read(path); };
  WA_CO_TRY(const OpenFile file, co_await lane.run(open));
  crypto::Sha256State hash;
  const auto some = [&]() -> Result<bool> {
    WA_TRY(const base::Bytes piece, file.read(1u << 20));
    hash.update(piece);
    return piece.size() < (1u << 20);
  };
  for (bool done = false; !done;) {
    WA_CO_TRY(done, co_await lane.run(some));
  }
  co_return hash.finish();
}

}  // namespace

MediaTransport::MediaTransport(MediaTransportDependencies dependencies, MediaTransportSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      uploads_(with_.loop, settings_.parallel_uploads) {}

Task<Result<UploadedMedia>> MediaTransport::upload(MediaUploadRequest request) {
  UploadedMedia uploaded;
  message::MediaReference& reference = uploaded.reference;
  reference.kind = request.kind;
  Shipment shipment;
  if (request.audience == MediaUploadRequest::Audience::kChannel) {
    WA_CO_TRY(reference.file_sha256, co_await hash_of(with_.lane, request.path));
    WA_CO_TRY(auto file, co_await runtime::FileSource::open(with_.lane, request.path));
    reference.length = file->length();
    shipment.body = std::move(file);
    shipment.path = "/newsletter/newsletter-" + std::string{media::mms_type(request.kind)} + "/";
    shipment.token = media::upload_token(*reference.file_sha256);
    shipment.extra = "&media_id=" + std::to_string(with_.random.below((1ull << 48) - 1));
  } else {
    reference.media_key.emplace(with_.random.bytes<32>());
    const media::MediaKeys keys(*reference.media_key, request.kind);
    auto options = options_of(request);
    WA_CO_TRY(auto file, co_await EncryptingSource::prepare(with_.lane, request.path, keys, options));
    const media::EncryptedMedia& facts = file->facts();
    reference.media_key_timestamp = with_.loop.clock().unix_seconds();
    reference.file_sha256 = facts.file_sha256;
    reference.file_enc_sha256 = facts.file_enc_sha256;
    reference.length = facts.file_length;
    reference.streaming_sidecar = facts.streaming_sidecar;
    uploaded.first_frame_sidecar = facts.first_frame_sidecar;
    shipment.path = "/mms/" + std::string{media::mms_type(request.kind)} + "/";
    shipment.token = media::upload_token(facts.file_enc_sha256);
    shipment.body = std::move(file);
  }
  const auto turn = with_.loop.clock().now() + kTurn;
  WA_CO_TRY(const auto slot, co_await uploads_.take_until(turn));
  Delivery delivery(with_, settings_, shipment);
  WA_CO_TRY(StoredFile stored, co_await delivery.run());
  reference.url = std::move(stored.url);
  reference.direct_path = std::move(stored.direct_path);
  uploaded.handle = std::move(stored.handle);
  co_return uploaded;
}

}  // namespace whatsapp
