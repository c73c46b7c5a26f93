#include "attachments/outbound_attachments.h"

#include <utility>

namespace worker {

using base::ErrorCode;
using base::Result;
using runtime::Task;
using whatsapp::TemporaryFile;
using whatsapp::message::MediaReference;

namespace {

/// What the edge insists on goes before what the bytes say, and that before what the server says.
std::string mimetype_of(const OutboundAttachment& request, const FetchedFile& fetched) {
  if (!request.mimetype.empty()) return request.mimetype;
  if (std::string seen = sniffed_mimetype(fetched.head); !seen.empty()) {
    // Office files are archives inside; their name knows better.
    const std::string named =
        mimetype_of_name(request.file_name.empty() ? fetched.file_name : request.file_name);
    return seen == "application/zip" && !named.empty() ? named : seen;
  }
  const std::string server = fetched.mimetype.substr(0, fetched.mimetype.find(';'));
  if (!server.empty() && server != "application/octet-stream" && server != "binary/octet-stream")
    return server;
  if (std::string named = mimetype_of_name(fetched.file_name); !named.empty()) return named;
  return default_mimetype(request.kind);
}

std::string file_name_of(const OutboundAttachment& request, const FetchedFile& fetched,
                         const std::string& mimetype) {
  const std::string& given = request.file_name.empty() ? fetched.file_name : request.file_name;
  return safe_file_name(given, "file." + extension_of(mimetype));
}

void apply(const OutboundAttachment& request, MediaReference& file) {
  if (!request.file_name.empty()) file.file_name = safe_file_name(request.file_name, file.file_name);
}

struct Remedy {
  Conversion conversion;
  const char* mimetype;
  MediaKind otherwise;  // what the file is when it cannot be converted
};

std::optional<Remedy> remedy_for(const MediaReference& file) {
  if (file.kind == MediaKind::kSticker && !file.mimetype.starts_with("image/webp"))
    return Remedy{Conversion::kSticker, "image/webp", MediaKind::kImage};
  if (file.kind == MediaKind::kPtt && !file.mimetype.starts_with("audio/ogg"))
    return Remedy{Conversion::kVoice, "audio/ogg; codecs=opus", MediaKind::kAudio};
  if (file.kind == MediaKind::kGif && file.mimetype.starts_with("image/gif"))
    return Remedy{Conversion::kLoop, "video/mp4", MediaKind::kDocument};
  return std::nullopt;
}

}  // namespace

Task<Result<PreparedAttachment>> OutboundAttachments::prepare(OutboundAttachment request) {
  const UploadShape shape{request.kind, request.audience, request.mimetype};
  auto known = co_await memory_.by_url(shape, request.url);
  const Validators validators = known ? known->validators : Validators{};
  WA_CO_TRY(auto fetched, co_await with_.fetcher.fetch(request.url, limits_.of(request.kind), validators));
  if (!fetched.file && known) {
    apply(request, known->file);
    co_return PreparedAttachment{std::move(known->file), std::move(known->handle)};
  }
  known = co_await memory_.by_content(shape, fetched.sha256);
  if (known) {
    known->validators = fetched.validators;
    PreparedAttachment prepared{known->file, known->handle};
    co_await memory_.remember(shape, request.url, fetched.sha256, *std::move(known));
    apply(request, prepared.file);
    co_return prepared;
  }
  co_return co_await upload(std::move(request), shape, std::move(fetched));
}

Task<Result<PreparedAttachment>> OutboundAttachments::upload(OutboundAttachment request, UploadShape shape,
                                                             FetchedFile fetched) {
  MediaReference facts;
  facts.kind = request.kind;
  facts.mimetype = mimetype_of(request, fetched);
  facts.file_name = file_name_of(request, fetched, facts.mimetype);
  const auto other_form = co_await converted(*fetched.file, facts);
  whatsapp::MediaUploadRequest order;
  order.path = other_form ? other_form->path() : fetched.file->path();
  co_await describe(order.path, facts);
  order.kind = facts.kind;
  order.audience = request.audience;
  WA_CO_TRY(auto uploaded, co_await with_.transport.upload(std::move(order)));

  MediaReference& file = uploaded.reference;
  file.mimetype = std::move(facts.mimetype);
  file.file_name = std::move(facts.file_name);
  file.width = facts.width;
  file.height = facts.height;
  file.seconds = facts.seconds;
  file.page_count = facts.page_count;
  file.jpeg_thumbnail = std::move(facts.jpeg_thumbnail);
  file.waveform = std::move(facts.waveform);
  file.animation = facts.animation;

  RememberedUpload remembered;
  remembered.validators = fetched.validators;
  remembered.file = file;
  remembered.handle = uploaded.handle;
  remembered.valid_until = usable_until(file.direct_path, with_.loop.clock().unix_seconds());
  co_await memory_.remember(std::move(shape), request.url, fetched.sha256, std::move(remembered));
  co_return PreparedAttachment{std::move(file), std::move(uploaded.handle)};
}

/// The file in the form that its kind needs; null: it stays as it is. Changes kind and type of `file`.
Task<std::unique_ptr<TemporaryFile>> OutboundAttachments::converted(const TemporaryFile& original,
                                                                    MediaReference& file) {
  const auto remedy = remedy_for(file);
  if (!remedy) {
    if (file.kind == MediaKind::kPtt)
      file.mimetype = default_mimetype(MediaKind::kPtt);  // phones want it whole
    co_return nullptr;
  }
  auto other = std::make_unique<TemporaryFile>(original.path() + ".converted");
  const auto done = co_await with_.previewer.convert(remedy->conversion, original.path(), other->path());
  if (done) {
    file.mimetype = remedy->mimetype;
    co_return other;
  }
  with_.log.info("a file cannot be converted for what it should be; it is sent as something less",
                 {{"wanted", media_type_word(file.kind)}, {"reason", done.error().message}});
  file.kind = remedy->otherwise;
  co_return nullptr;
}

Task<void> OutboundAttachments::describe(const std::string& path, MediaReference& file) {
  auto seen = co_await with_.previewer.look(path);
  if (!seen) co_return;
  file.width = seen->width;
  file.height = seen->height;
  file.seconds = seen->seconds;
  file.page_count = seen->page_count;
  file.jpeg_thumbnail = std::move(seen->jpeg_thumbnail);
  if (file.kind == MediaKind::kPtt) file.waveform = std::move(seen->waveform);
  file.animation = seen->animation == Preview::Animation::kAnimated ? MediaReference::Animation::kAnimated
                                                                    : MediaReference::Animation::kStill;
}

std::string_view media_failure_word(const base::Error& error) {
  return error.code == ErrorCode::kLimit ? "media_too_large" : "media_download_failed";
}

bool may_succeed_later(const base::Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kClosed:
    case ErrorCode::kCancelled:
    case ErrorCode::kIo:
      return true;
    default:
      return false;
  }
}

}  // namespace worker
