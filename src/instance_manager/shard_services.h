// What a shard offers to the instances on it. One of each per shard, shared by all its instances; everything
// here lives on the shard's loop and outlives the instances.
#pragma once

#include <functional>
#include <string>

#include "attachments/media_type.h"
#include "attachments/previewer.h"
#include "base/random.h"
#include "connection/auth_quarantine.h"
#include "connection/connection_runner.h"
#include "edge/capabilities.h"
#include "edge/contact_resolver.h"
#include "edge/edge.h"
#include "edge/status_reporter.h"
#include "instance_manager/instance_lock.h"
#include "runtime/address_policy.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/http_client.h"
#include "runtime/web_socket.h"
#include "whatsapp/store/sqlite_device_store.h"

namespace worker {

/// Counts for /metrics. All callbacks may be empty; called on any shard.
struct InstanceMetrics {
  ConnectionMetrics connection;
  std::function<void(const std::string& operation, const std::string& result)> lock;
  std::function<void(const std::string& direction, const std::string& result)> message;
};

/// Files of messages.
struct MediaSettings {
  std::string base = "/data/media";
  runtime::AddressPolicy addresses = runtime::AddressPolicy::kPublicOnly;  // where a media_url may lead
  SizeLimits limits{};
};

struct InstanceSettings {
  std::string auth_base = "/data/auth";
  whatsapp::store::Durability durability = whatsapp::store::Durability::kFull;
  LockSettings lock;
  ConnectionSettings connection;  // instance_id is filled in per instance
  base::Duration queue_poll{2'000};
  MediaSettings media;
};

struct ShardServices {
  runtime::EventLoop& loop;
  runtime::WebSocketConnector& connector;
  runtime::HttpClient& media_http;  // for files: WhatsApp's hosts and those of a media_url
  runtime::BlockingExecutor& executor;
  edge::Edge& edge;
  edge::StatusReporter& reporter;
  edge::ContactResolver& contacts;
  Previewer& previewer;
  whatsapp::OpenStores& open_stores;
  const edge::Capabilities& capabilities;
  base::Random& random;
  InstanceSettings settings;
  InstanceMetrics metrics;
};

}  // namespace worker
