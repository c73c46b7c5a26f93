// EdgeClient: the edge contract over HTTP. Adds the headers that every request carries, retries what may
// succeed later for as long as the call allows, remembers for 10 minutes which optional endpoints are
// missing, and says once, not on every request, that the secret is refused. Never logs the secret or a body
// it sends.
//
// One per shard; not thread-safe. Calls may run side by side. The client must outlive its calls.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "edge/edge.h"
#include "edge/retry_policy.h"
#include "edge/transport.h"
#include "runtime/event_loop.h"

namespace edge {

class RequestRunner;

struct EdgeClientSettings {
  std::string base_url;  // trailing "/" and "/inbound" are trimmed
  std::string worker_secret;
  std::string api_key;        // EDGE_APIKEY; empty: no apikey header
  std::string worker_id;      // X-Worker-Id
  std::string version = "0";  // User-Agent: wa-worker/<version>
  RetrySettings retry;
  base::Duration connect_timeout{5'000};
  base::Duration request_timeout{10'000};
  base::Duration missing_endpoint_memory{600'000};
};

/// One attempt, for wa_edge_request_seconds. `status` is 0 when there was no answer.
struct RequestObservation {
  std::string_view route;  // "/mark-sent"
  int status = 0;
  std::chrono::duration<double> seconds{};
};
using RequestObserver = std::function<void(const RequestObservation&)>;

/// "https://x/worker-proxy/inbound/" → "https://x/worker-proxy".
std::string trim_base_url(std::string_view url);

class EdgeClient final : public Edge {
 public:
  EdgeClient(runtime::EventLoop& loop, EdgeTransport& transport, base::Random& random,
             EdgeClientSettings settings, base::Log log, RequestObserver observer = nullptr);
  ~EdgeClient() override;

  Reply<WorkerSettings> worker_settings(Call call) override;
  Reply<std::vector<EligibleInstance>> eligible_instances(std::uint32_t limit, Call call) override;
  Reply<void> update_status(StatusUpdate update, Call call) override;
  Reply<QueueListing> queued_messages(std::string instance_id, Call call) override;
  Reply<void> mark_sent(MarkSent mark, Call call) override;
  Reply<void> mark_failed(MarkFailed mark, Call call) override;
  Reply<void> inbound(InboundMessage message, Call call) override;
  Reply<std::string> resolve_contact(ContactQuery query, Call call) override;
  Reply<std::optional<std::string>> primary_jid(std::string instance_id, std::string lid, Call call) override;
  Reply<std::string> upload_media(MediaUpload upload, Call call) override;
  Reply<LockGrant> acquire_lock(LockRequest request, Call call) override;
  Reply<LockGrant> renew_lock(HeldLock lock, Call call) override;
  Reply<void> release_lock(HeldLock lock, std::string handoff_to, Call call) override;
  Reply<QueueListing> claim_messages(ClaimRequest request, Call call) override;
  Reply<LockBatchGrant> renew_locks(LockBatch batch, Call call) override;
  Reply<void> send_events(std::vector<Event> events, Call call) override;
  Reply<std::vector<InstanceCommand>> commands(std::string instance_id, Call call) override;
  Reply<void> command_result(CommandResult result, Call call) override;
  [[nodiscard]] Reachability reachability() const override;

 private:
  std::unique_ptr<RequestRunner> runner_;
};

}  // namespace edge
