// The queue's MediaPreparer on attachments/: what production uses.
#pragma once

#include "queue/media_preparer.h"

namespace worker {

class OutboundAttachments;

class AttachmentPreparer final : public MediaPreparer {
 public:
  /// `attachments` outlives this.
  explicit AttachmentPreparer(OutboundAttachments& attachments) : attachments_(attachments) {}

  runtime::Task<base::Result<whatsapp::message::MediaReference>> prepare(MediaOrder order) override;

 private:
  OutboundAttachments& attachments_;
};

}  // namespace worker
