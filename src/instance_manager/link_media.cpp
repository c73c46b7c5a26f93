#include "instance_manager/link_media.h"

#include <utility>

#include "whatsapp/client/media/media_desk.h"

namespace worker {

namespace {

whatsapp::MediaTransportDependencies transport_parts(const LinkMediaDependencies& with,
                                                     const runtime::BlockingExecutor::Lane& lane) {
  ShardServices& services = with.services;
  return {.loop = services.loop,
          .http = services.media_http,
          .lane = lane,
          .random = services.random,
          .connection = with.client.media().hosts,
          .log = with.log};
}

whatsapp::MediaTransportSettings transport_settings(const LinkMediaDependencies& with) {
  whatsapp::MediaTransportSettings settings;
  settings.egress = with.egress;
  return settings;
}

FetchSettings fetch_settings(const LinkMediaDependencies& with) {
  const MediaSettings& media = with.services.settings.media;
  FetchSettings settings;
  settings.folder = media.base + "/.tmp";
  settings.egress = with.egress;
  settings.addresses = media.addresses;
  return settings;
}

InboundAttachmentsDependencies inbound_parts(const LinkMediaDependencies& with,
                                             whatsapp::MediaTransport& transport,
                                             const runtime::BlockingExecutor::Lane& lane) {
  ShardServices& services = with.services;
  InboundAttachmentsDependencies parts{.loop = services.loop,
                                       .transport = transport,
                                       .phone = with.client.media().retries,
                                       .edge = services.edge,
                                       .lane = lane,
                                       .random = services.random,
                                       .log = with.log};
  parts.fence = with.fence;
  parts.takes_forms = [&services] { return services.capabilities.has(edge::Capability::kUploadMultipart); };
  return parts;
}

InboundAttachmentsSettings inbound_settings(const LinkMediaDependencies& with) {
  InboundAttachmentsSettings settings;
  settings.media_base = with.services.settings.media.base;
  return settings;
}

}  // namespace

LinkMedia::LinkMedia(LinkMediaDependencies with)
    : client_(with.client),
      lane_(with.services.executor.lane(with.services.loop)),
      transport_(transport_parts(with, lane_), transport_settings(with)),
      fetcher_(with.services.media_http, lane_, with.services.random, fetch_settings(with)),
      outbound_({with.services.loop, fetcher_, transport_, with.store, with.services.previewer, with.log},
                with.services.settings.media.limits),
      preparer_(outbound_),
      inbound_(inbound_parts(with, transport_, lane_), inbound_settings(with)),
      blobs_(transport_, lane_, with.services.random, with.services.settings.media.base + "/.tmp") {
  client_.use_blobs(&blobs_);
}

LinkMedia::~LinkMedia() { client_.use_blobs(nullptr); }

}  // namespace worker
