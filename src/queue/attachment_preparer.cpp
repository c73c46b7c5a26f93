#include "queue/attachment_preparer.h"

#include "attachments/outbound_attachments.h"

namespace worker {

using whatsapp::MediaUploadRequest;
using Prepared = base::Result<whatsapp::message::MediaReference>;

runtime::Task<Prepared> AttachmentPreparer::prepare(MediaOrder order) {
  OutboundAttachment request{.url = std::move(order.url),
                             .kind = order.kind,
                             .mimetype = std::move(order.mime_type),
                             .file_name = std::move(order.file_name)};
  if (order.audience == MediaOrder::Audience::kChannel)
    request.audience = MediaUploadRequest::Audience::kChannel;
  auto prepared = co_await attachments_.prepare(std::move(request));
  if (!prepared) co_return base::fail(std::move(prepared).error());
  co_return std::move(prepared->file);
}

}  // namespace worker
