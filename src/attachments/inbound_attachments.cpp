#include "attachments/inbound_attachments.h"

#include <algorithm>
#include <utility>

#include "attachments/media_type.h"
#include "runtime/body_sources.h"

namespace worker {

using base::ErrorCode;
using base::Result;
using edge::InboundMedia;
using runtime::Task;

namespace {

constexpr int kMostDamaged = 2;  // downloads of a file that every host has damaged

InboundMedia described(const PendingAttachment& attachment) {
  const auto& file = attachment.file;
  InboundMedia media;
  media.media_type = media_type_word(file.kind);
  media.mime_type = file.mimetype.empty() ? default_mimetype(file.kind) : file.mimetype;
  const std::string otherwise = attachment.message_id + "." + extension_of(media.mime_type);
  media.file_name = safe_file_name(file.file_name, safe_file_name(otherwise, "file"));
  media.file_size = file.length;
  return media;
}

/// The word for media_error when trying again makes no sense; empty: it does.
const char* final_word(const base::Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return "media_expired";
    case ErrorCode::kLimit:
      return "media_too_large";
    case ErrorCode::kCrypto:
    case ErrorCode::kMalformed:
      return "media_unreadable";
    case ErrorCode::kRejected:
      return "upload_rejected";
    default:
      return "";
  }
}

/// Answers of an edge that is not set up rightly are no answers about the file.
bool is_about_us(const base::Error& error) {
  return error.detail == 401 || error.detail == 403 || error.detail == 404 || error.detail == 405;
}

}  // namespace

struct InboundAttachments::Job {
  PendingAttachment attachment;
  std::string key;
  std::optional<InboundMedia> outcome{};
  std::vector<runtime::OneShot<runtime::Done>*> waiters{};
};

InboundAttachments::InboundAttachments(InboundAttachmentsDependencies dependencies,
                                       InboundAttachmentsSettings settings)
    : with_(std::move(dependencies)),
      settings_(std::move(settings)),
      scope_(with_.loop),
      slots_(with_.loop, settings_.parallel) {}

InboundAttachments::~InboundAttachments() = default;

Task<void> InboundAttachments::close() {
  co_await scope_.close();
  jobs_.clear();
}

// ---- for the message --------------------------------------------------------------------------------

InboundAttachments::Job& InboundAttachments::job_of(const PendingAttachment& attachment) {
  const std::string key = attachment.chat + "\n" + attachment.participant + "\n" + attachment.message_id;
  auto& job = jobs_[key];
  if (job) return *job;
  job = std::make_unique<Job>(Job{.attachment = attachment, .key = key});
  Job& begun = *job;
  scope_.spawn(work(begun));
  return begun;
}

Task<Result<std::optional<InboundMedia>>> InboundAttachments::bring(PendingAttachment attachment,
                                                                    base::Duration patience) {
  Job& job = job_of(attachment);
  auto media = co_await wait_for(job, with_.loop.clock().now() + patience);
  if (media) co_return std::optional<InboundMedia>{*std::move(media)};
  if (media.error().code == ErrorCode::kTimeout) co_return std::optional<InboundMedia>{};
  co_return base::fail(std::move(media).error());
}

Task<Result<InboundMedia>> InboundAttachments::bring(PendingAttachment attachment) {
  Job& job = job_of(attachment);
  co_return co_await wait_for(job, base::Clock::time_point::max());
}

Task<Result<InboundMedia>> InboundAttachments::wait_for(Job& job, base::Clock::time_point until) {
  if (!job.outcome) {
    runtime::OneShot<runtime::Done> done(with_.loop);
    job.waiters.push_back(&done);
    auto waiter = until == base::Clock::time_point::max() ? done.wait() : done.wait_until(until);
    const auto woken = co_await waiter;
    std::erase(job.waiters, &done);
    if (!woken) co_return base::fail(woken.error());
  }
  InboundMedia media = *job.outcome;
  const std::string key = job.key;  // the job goes with its last waiter
  if (job.waiters.empty()) jobs_.erase(key);
  co_return media;
}

// ---- the work ---------------------------------------------------------------------------------------

Task<void> InboundAttachments::work(Job& job) {
  auto media = co_await work_until_done(job.attachment);
  if (!media) co_return;  // the process stops; the spool remembers
  if (with_.counted) with_.counted(media->error.empty() ? "delivered" : "given_up");
  job.outcome = *std::move(media);
  for (auto* waiter : job.waiters) waiter->set(runtime::Done{});
}

base::Clock::time_point InboundAttachments::give_up_at(const PendingAttachment& attachment) const {
  const auto& clock = with_.loop.clock();
  const std::chrono::seconds waited{std::max<std::int64_t>(clock.unix_seconds() - attachment.received_at, 0)};
  return clock.now() + settings_.give_up_after - waited;
}

Task<Result<InboundMedia>> InboundAttachments::work_until_done(PendingAttachment& attachment) {
  InboundMedia media = described(attachment);
  const MediaPlace place =
      media_place(settings_.media_base, attachment.instance_id, attachment.message_id, media.mime_type);
  const auto give_up = give_up_at(attachment);
  base::Duration pause = settings_.first_pause;
  for (int damaged = 0;;) {
    auto step = co_await attempt(attachment, place);
    if (step) co_return step;
    const base::Error& error = step.error();
    if (error.code == ErrorCode::kCancelled) co_return base::fail(error);
    if (error.code == ErrorCode::kCorrupt) ++damaged;
    const char* word = damaged >= kMostDamaged ? "media_unreadable" : final_word(error);
    if (with_.loop.clock().now() + pause >= give_up && word[0] == '\0') word = "media_unavailable";
    if (word[0] != '\0') {
      with_.log.warn(
          "a received file cannot be brought to the edge; its message goes without it",
          {{"wa_message_id", attachment.message_id}, {"media_error", word}, {"error", error.message}});
      media.error = word;
      const auto done = [&place] { end_owing(place); };
      co_await with_.lane.run(done);
      co_return media;
    }
    WA_CO_TRY_VOID(co_await runtime::sleep_for(with_.loop, with_.random.jitter(pause, 0.2)));
    pause = std::min(pause * 2, settings_.longest_pause);
  }
}

Task<InboundAttachments::Step> InboundAttachments::attempt(PendingAttachment& attachment,
                                                           const MediaPlace& place) {
  const auto turn = with_.loop.clock().now() + settings_.give_up_after;
  WA_CO_TRY(const auto slot, co_await slots_.take_until(turn));
  const auto look = [&place]() -> Result<bool> {
    if (is_there(place.file)) return true;
    WA_TRY_VOID(begin_owing(place));
    return false;
  };
  WA_CO_TRY(const bool there, co_await with_.lane.run(look));
  if (!there) {
    // Of what has gone wrong on our own disk, or while no media host is known, nothing is final.
    WA_CO_TRY_VOID(co_await fetch(attachment, place));
  }
  co_return co_await upload(attachment, place);
}

Task<Result<void>> InboundAttachments::fetch(PendingAttachment& attachment, const MediaPlace& place) {
  whatsapp::MediaDownloadRequest request{attachment.file, place.file};
  auto got = co_await with_.transport.download(request);
  if (!got && got.error().code == ErrorCode::kNotFound) {
    WA_CO_TRY(attachment.file.direct_path, co_await ask_phone(attachment));
    request.reference.direct_path = attachment.file.direct_path;
    got = co_await with_.transport.download(request);
    if (!got && got.error().code == ErrorCode::kNotFound)
      co_return base::fail(ErrorCode::kUnavailable, "the file is gone again, or not there yet");
  }
  if (!got) co_return base::fail(std::move(got).error());
  attachment.file.length = got->length;
  co_return Result<void>{};
}

Task<Result<std::string>> InboundAttachments::ask_phone(const PendingAttachment& attachment) {
  const auto chat = whatsapp::binary::Jid::parse(attachment.chat);
  if (!attachment.file.media_key || !chat || attachment.chat.ends_with("@newsletter"))
    co_return base::fail(ErrorCode::kNotFound, "the file is gone from the media hosts");
  whatsapp::MediaRetryRequest request;
  request.message_id = attachment.message_id;
  request.chat = *chat;
  if (auto participant = whatsapp::binary::Jid::parse(attachment.participant))
    request.participant = *std::move(participant);
  if (attachment.origin == edge::MessageOrigin::kFromMe)
    request.from = whatsapp::MediaRetryRequest::From::kMe;
  request.media_key = *attachment.file.media_key;
  auto path = co_await with_.phone.direct_path(std::move(request));
  // A full desk is not a large file.
  if (!path && path.error().code == ErrorCode::kLimit)
    co_return base::fail(ErrorCode::kUnavailable, path.error().message);
  co_return path;
}

Task<InboundAttachments::Step> InboundAttachments::upload(const PendingAttachment& attachment,
                                                          const MediaPlace& place) {
  WA_CO_TRY(const auto file, co_await runtime::FileSource::open(with_.lane, place.file));
  if (file->length() > settings_.most_to_edge)
    co_return base::fail(ErrorCode::kLimit, "the file is larger than the edge is given");
  InboundMedia media = described(attachment);
  media.file_size = file->length();
  edge::MediaUpload order;
  order.instance_id = attachment.instance_id;
  order.wa_message_id = attachment.message_id;
  order.mime_type = media.mime_type;
  order.file_name = media.file_name;
  order.content = file.get();
  if (with_.takes_forms && with_.takes_forms()) order.form = edge::MediaUpload::Form::kMultipart;
  edge::Call call;
  call.fence = with_.fence;
  auto url = co_await with_.edge.upload_media(std::move(order), std::move(call));
  if (!url) {
    base::Error error = std::move(url).error();
    const bool later =
        is_about_us(error) || error.code == ErrorCode::kNotFound || error.code == ErrorCode::kMalformed;
    if (later) error.code = ErrorCode::kUnavailable;
    if (error.detail == 413) error.code = ErrorCode::kLimit;
    co_return base::fail(std::move(error));
  }
  media.url = *std::move(url);
  const auto done = [&place] { end_owing(place); };
  co_await with_.lane.run(done);
  co_return media;
}

}  // namespace worker
