// The files of one link: what goes out with queued messages, what comes in with arrived ones, and what the
// account itself keeps on the media hosts. Every byte of it takes the account's egress.
#pragma once

#include <string>

#include "attachments/inbound_attachments.h"
#include "attachments/outbound_attachments.h"
#include "attachments/url_fetcher.h"
#include "base/log.h"
#include "instance_manager/shard_services.h"
#include "queue/attachment_preparer.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/media/media_blobs.h"
#include "whatsapp/client/media/media_transport.h"

namespace worker {

struct LinkMediaDependencies {
  ShardServices& services;
  whatsapp::Client& client;
  whatsapp::AccountStore& store;
  std::string instance_id;
  runtime::Egress egress;
  std::optional<std::uint64_t> fence;
  base::Log log;
};

class LinkMedia {
 public:
  explicit LinkMedia(LinkMediaDependencies dependencies);
  ~LinkMedia();  // close() must have returned
  LinkMedia(const LinkMedia&) = delete;
  LinkMedia& operator=(const LinkMedia&) = delete;

  MediaPreparer& preparer() { return preparer_; }
  InboundAttachments& inbound() { return inbound_; }
  runtime::Task<void> close() { return inbound_.close(); }

 private:
  whatsapp::Client& client_;
  runtime::BlockingExecutor::Lane lane_;
  whatsapp::MediaTransport transport_;
  UrlFetcher fetcher_;
  OutboundAttachments outbound_;
  AttachmentPreparer preparer_;
  InboundAttachments inbound_;
  whatsapp::MediaBlobs blobs_;
};

}  // namespace worker
