// Files that the edge wants sent: fetched from their URL, looked into, uploaded, and described so that a
// message can carry them. What was uploaded before and is still good is used again.
#pragma once

#include <string>

#include "attachments/media_type.h"
#include "attachments/previewer.h"
#include "attachments/upload_memory.h"
#include "attachments/url_fetcher.h"
#include "base/log.h"
#include "whatsapp/client/media/media_transport.h"

namespace worker {

struct OutboundAttachment {
  std::string url;
  MediaKind kind = MediaKind::kDocument;
  std::string mimetype{};   // as the edge says; empty: found out
  std::string file_name{};  // likewise
  whatsapp::MediaUploadRequest::Audience audience = whatsapp::MediaUploadRequest::Audience::kChat;
};

struct PreparedAttachment {
  /// Its kind may be a lesser one than asked for: a sticker that could not be converted is a picture.
  whatsapp::message::MediaReference file{};
  std::string handle{};  // channels: goes with the stanza
};

struct OutboundAttachmentsDependencies {
  runtime::EventLoop& loop;
  UrlFetcher& fetcher;
  whatsapp::MediaTransport& transport;
  whatsapp::AccountStore& store;
  Previewer& previewer;
  base::Log log;
};

class OutboundAttachments {
 public:
  OutboundAttachments(OutboundAttachmentsDependencies dependencies, SizeLimits limits)
      : with_(std::move(dependencies)), limits_(limits), memory_(with_.store, with_.loop.clock()) {}

  /// Errors are those of UrlFetcher::fetch() and MediaTransport::upload(); see media_failure_word() and
  /// may_succeed_later().
  runtime::Task<base::Result<PreparedAttachment>> prepare(OutboundAttachment request);

 private:
  runtime::Task<base::Result<PreparedAttachment>> upload(OutboundAttachment request, UploadShape shape,
                                                         FetchedFile fetched);
  runtime::Task<std::unique_ptr<whatsapp::TemporaryFile>> converted(const whatsapp::TemporaryFile& original,
                                                                    whatsapp::message::MediaReference& file);
  runtime::Task<void> describe(const std::string& path, whatsapp::message::MediaReference& file);

  OutboundAttachmentsDependencies with_;
  SizeLimits limits_;
  UploadMemory memory_;
};

/// The contract's stable word for mark-failed: media_too_large or media_download_failed.
std::string_view media_failure_word(const base::Error& error);
/// Trying the whole again later makes sense: nobody has refused for good.
bool may_succeed_later(const base::Error& error);

}  // namespace worker
