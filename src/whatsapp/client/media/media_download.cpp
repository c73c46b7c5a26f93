// Downloads: host after host until one gives the file that the message means, then decrypt and publish it.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/media/media_answers.h"
#include "whatsapp/client/media/media_files.h"
#include "whatsapp/client/media/media_http.h"
#include "whatsapp/client/media/media_transport.h"
#include "whatsapp/media/encrypted_file.h"
#include "whatsapp/media/media_url.h"

namespace whatsapp {

using base::ErrorCode;
using base::Result;
using runtime::HttpResponse;
using runtime::Task;

namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 4;                          // through the list of hosts
constexpr int kResumes = 5;                         // of one host, in a row
constexpr std::uint64_t kWorthResuming = 1u << 20;  // bytes on disk

base::ByteView view(const std::optional<crypto::Sha256Digest>& hash) {
  return hash ? base::ByteView{*hash} : base::ByteView{};
}

Result<media::FileProof> proof_of(const message::MediaReference& reference) {
  const auto key = reference.media_key ? reference.media_key->view() : base::ByteView{};
  return media::read_file_proof(key, view(reference.file_enc_sha256), view(reference.file_sha256));
}

// Where the body of one attempt goes.
class Intake final : public runtime::BodySink {
 public:
  Intake(IncomingFile& file, runtime::BlockingExecutor::Lane lane, std::uint64_t most)
      : file_(file), lane_(lane), most_(most) {}

  Result<Body> begin(const HttpResponse& head) override {
    if (judge_download(head.status) != DownloadVerdict::kBody) return Body::kToResponse;
    std::uint64_t have = file_.length();
    if (head.status == 200) {
      restart_ = have > 0;
      have = 0;
    } else if (range_start(head.headers) != have) {
      return base::fail(ErrorCode::kUnavailable, "a media host answers with another part than asked for");
    }
    if (have + content_length(head.headers).value_or(0) > most_) return too_large();
    return Body::kToSink;
  }

  Task<Result<void>> write(base::Bytes piece) override {
    const auto job = [this, &piece]() -> Result<void> {
      if (std::exchange(restart_, false)) WA_TRY_VOID(file_.restart());
      if (file_.length() + piece.size() > most_) return too_large();
      return file_.append(piece);
    };
    co_return co_await lane_.run(job);
  }

 private:
  static std::unexpected<base::Error> too_large() {
    return base::fail(ErrorCode::kLimit, "the media file is larger than allowed");
  }

  IncomingFile& file_;
  runtime::BlockingExecutor::Lane lane_;
  std::uint64_t most_;
  bool restart_ = false;
};

struct Attempt {
  enum class End {
    kWhole,         // the body has come
    kBrokenOff,     // or not begun; another time
    kRestarted,     // the host has no such part of it: from the beginning, at once
    kNextHost,      // not this one
    kUnauthorized,  // not this one, perhaps because our list of hosts is old
    kOver,          // nobody
  } end = End::kNextHost;
  base::Error error{};
  base::Duration wait{0};  // that the host asks for
};

// One file on its way from whichever host has it.
class Fetch {
 public:
  Fetch(const MediaTransportDependencies& with, const MediaTransportSettings& settings,
        const message::MediaReference& reference, IncomingFile& file)
      : with_(with), settings_(settings), lane_(with.lane), reference_(reference), file_(file) {}

  Task<Result<void>> run() {
    WA_CO_TRY(auto urls, this->urls());
    auto fetched = co_await from_any(urls);
    if (fetched || !unauthorized_) co_return fetched;
    // Every host may have been right to refuse: perhaps they are no longer ours.
    if (const auto known = with_.connection.known()) with_.connection.refuse(known->auth);
    const auto fresh = co_await with_.connection.hosts();
    if (!fresh) co_return fetched;
    WA_CO_TRY(urls, this->urls());
    co_return co_await from_any(urls);
  }

 private:
  Result<std::vector<std::string>> urls() {
    std::vector<std::string> urls;
    hosts_ = download_hosts(with_.connection.names(), settings_.fallback_hosts);
    if (reference_.direct_path.empty()) {
      const std::string& url = reference_.url;
      const bool allowed =
          media::is_media_url(url) || (settings_.also_allowed && settings_.also_allowed(url));
      if (!allowed) return base::fail(ErrorCode::kMalformed, "the message does not say where its file is");
      return std::vector{url};
    }
    WA_TRY(const std::string target,
           media::download_target(reference_.direct_path, reference_.file_enc_sha256, reference_.kind));
    for (const std::string& host : hosts_) urls.push_back("https://" + host + target);
    return urls;
  }

  /// The hosts in turn, at once; then all of them again, later and later, as long as one may still have it.
  Task<Result<void>> from_any(const std::vector<std::string>& urls) {
    unauthorized_ = false;
    base::Error error{ErrorCode::kUnavailable, "there is no media host"};
    for (int round = 1; round <= kRounds; ++round) {
      std::optional<base::Duration> wait;
      for (const std::string& url : urls) {
        Attempt last = co_await from(url);
        if (last.end == Attempt::End::kWhole) co_return Result<void>{};
        if (last.end == Attempt::End::kOver) co_return base::fail(std::move(last.error));
        if (last.end == Attempt::End::kUnauthorized) unauthorized_ = true;
        if (last.end == Attempt::End::kBrokenOff)
          wait = std::max(wait.value_or(base::Duration{0}), last.wait);
        error = std::move(last.error);
      }
      if (!wait || round == kRounds) break;
      WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, std::max(*wait, settings_.retry_pause * round)));
    }
    co_return base::fail(std::move(error));
  }

  /// One host, resumed for as long as it gives more.
  Task<Attempt> from(const std::string& url) {
    Attempt last;
    for (int n = 1; n <= kResumes; ++n) {
      const std::uint64_t before = file_.length();
      last = co_await attempt(url);
      if (last.end == Attempt::End::kWhole) co_return co_await verified();
      const bool resumable = last.end == Attempt::End::kBrokenOff && last.wait.count() == 0 &&
                             file_.length() >= kWorthResuming && file_.length() > before;
      const bool anew = last.end == Attempt::End::kRestarted && n == 1;
      if (!resumable && !anew) break;
    }
    if (last.end == Attempt::End::kRestarted) last.end = Attempt::End::kNextHost;
    co_return last;
  }

  Task<Attempt> verified() {
    const auto job = [this]() -> Result<void> {
      auto right = file_.verify();
      if (!right) WA_TRY_VOID(file_.restart());  // M2: nothing of it is mixed with the next host's
      return right;
    };
    auto right = co_await lane_.run(job);
    Attempt attempt;
    attempt.end = Attempt::End::kWhole;
    if (right) co_return attempt;
    attempt.error = std::move(right).error();
    // A wrong MAC under the right hash is wrong everywhere.
    const bool everywhere = attempt.error.code == ErrorCode::kCrypto || attempt.error.code == ErrorCode::kIo;
    attempt.end = everywhere ? Attempt::End::kOver : Attempt::End::kNextHost;
    co_return attempt;
  }

  Task<Attempt> attempt(std::string url) {
    runtime::HttpRequest request = media_request(settings_, hosts_);
    request.url = std::move(url);
    Attempt attempt;
    if (file_.length() >= kWorthResuming) {
      request.headers.emplace_back("Range", "bytes=" + std::to_string(file_.length()) + "-");
    } else {
      attempt = co_await restarted(Attempt::End::kNextHost);
      if (attempt.end == Attempt::End::kOver) co_return attempt;
    }
    Intake intake(file_, lane_, limit());
    request.sink = &intake;
    auto answer = co_await with_.http.send(std::move(request));
    if (answer) co_return co_await judge(*answer);
    attempt.error = std::move(answer).error();
    const auto code = attempt.error.code;
    attempt.end = Attempt::End::kOver;
    if (code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout)
      attempt.end = Attempt::End::kBrokenOff;
    if (code == ErrorCode::kInvalidArgument)
      attempt.end = Attempt::End::kNextHost;  // it redirects to nowhere
    co_return attempt;
  }

  /// Throws away what has come; ends as asked, or kOver when the disk fails.
  Task<Attempt> restarted(Attempt::End end) {
    const auto job = [this] { return file_.restart(); };
    auto done = co_await lane_.run(job);
    Attempt attempt;
    attempt.end = done ? end : Attempt::End::kOver;
    if (!done) attempt.error = std::move(done).error();
    co_return attempt;
  }

  Task<Attempt> judge(const HttpResponse& answer) {
    Attempt attempt;
    switch (judge_download(answer.status)) {
      case DownloadVerdict::kBody:
        attempt.end = Attempt::End::kWhole;
        break;
      case DownloadVerdict::kGone:  // M1: no other host will have it
        attempt.end = Attempt::End::kOver;
        attempt.error = {ErrorCode::kNotFound, "the file is gone from the media hosts", answer.status};
        co_return attempt;
      case DownloadVerdict::kUnauthorized:
        attempt.end = Attempt::End::kUnauthorized;
        break;
      case DownloadVerdict::kBadRange:
        attempt = co_await restarted(Attempt::End::kRestarted);
        if (attempt.end == Attempt::End::kOver) co_return attempt;
        break;
      case DownloadVerdict::kBusy:
        attempt.end = Attempt::End::kBrokenOff;
        attempt.wait = wait_before_retry(answer.headers, settings_.retry_pause);
        break;
      case DownloadVerdict::kNextHost:
        attempt.end = Attempt::End::kNextHost;
        break;
    }
    attempt.error = {ErrorCode::kUnavailable,
                     "a media host answers with HTTP status " + std::to_string(answer.status), answer.status};
    co_return attempt;
  }

  /// M4: what the message says about the length is not believed, only our own limit.
  [[nodiscard]] std::uint64_t limit() const {
    const bool document = reference_.kind == media::MediaKind::kDocument;
    return document ? settings_.most_document_bytes : settings_.most_bytes;
  }

  const MediaTransportDependencies& with_;
  const MediaTransportSettings& settings_;
  runtime::BlockingExecutor::Lane lane_;
  const message::MediaReference& reference_;
  IncomingFile& file_;
  std::vector<std::string> hosts_;
  bool unauthorized_ = false;
};

Task<Result<void>> decrypt_and_publish(runtime::BlockingExecutor::Lane lane, IncomingFile& file,
                                       std::string plain_path, std::string target) {
  TemporaryFile plain(std::move(plain_path));
  const auto create = [&plain] { return OpenFile::create(plain.path()); };
  WA_CO_TRY(const OpenFile out, co_await lane.run(create));
  const auto some = [&] { return file.decrypt_some(out); };
  for (bool done = false; !done;) {
    WA_CO_TRY(done, co_await lane.run(some));
    const runtime::Cancellation* cancellation = co_await runtime::current_cancellation();
    if (cancellation != nullptr && cancellation->cancelled())
      co_return base::fail(ErrorCode::kCancelled, "cancelled");
  }
  const auto publish = [&]() -> Result<void> {
    WA_TRY_VOID(out.sync());
    return plain.publish(target);
  };
  co_return co_await lane.run(publish);
}

}  // namespace

Task<Result<DownloadedMedia>> MediaTransport::download(MediaDownloadRequest request) {
  WA_CO_TRY(const media::FileProof proof, proof_of(request.reference));
  const std::size_t slash = request.target.rfind('/') + 1;  // 0 without one
  const std::string unique = base::to_hex(with_.random.bytes<8>());
  const std::string folder = request.target.substr(0, slash);
  IncomingFile file(folder + ".part-" + unique, proof, request.reference.kind);
  Fetch fetch(with_, settings_, request.reference, file);
  WA_CO_TRY_VOID(co_await fetch.run());
  if (file.is_encrypted()) {
    WA_CO_TRY_VOID(co_await decrypt_and_publish(with_.lane, file, folder + ".out-" + unique, request.target));
  } else {
    const auto publish = [&]() -> Result<void> {
      WA_TRY_VOID(file.sync());
      return file.publish(request.target);
    };
    WA_CO_TRY_VOID(co_await with_.lane.run(publish));
  }
  const media::DecryptedMedia& facts = file.decrypted();
  co_return DownloadedMedia{facts.file_length, facts.file_sha256, facts.plaintext_hash};
}

}  // namespace whatsapp
