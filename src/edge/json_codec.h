// The contract's JSON: our structs to request bodies, answer bodies to our structs. Field names are fixed by
// existing deployments (docs/edge-api.yaml); both spellings and all shapes that those use are read. Numbers
// given as text and ids given as numbers are accepted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "edge/types.h"

namespace edge::json_codec {

using base::Result;

// ---- requests -------------------------------------------------------------------------------------

std::string encode(const StatusUpdate& update);
std::string encode(const MarkSent& mark);
std::string encode(const MarkFailed& mark);
std::string encode(const InboundMessage& message);
std::string encode(const ContactQuery& query);
/// What stands before and after the base64 text of the file.
std::pair<std::string, std::string> frame_of(const MediaUpload& upload);
std::string encode(const LockRequest& request);
std::string encode_renewal(const HeldLock& lock);
std::string encode_release(const HeldLock& lock, std::string_view handoff_to);
std::string encode(const ClaimRequest& request);
std::string encode(const LockBatch& batch);
std::string encode(const std::vector<Event>& events);
std::string encode(const CommandResult& result);

// ---- answers: kMalformed when they do not follow the contract -------------------------------------------

/// An empty body (204) is a WorkerSettings that says nothing.
Result<WorkerSettings> decode_worker_settings(std::string_view body);

struct InstancePage {
  std::vector<EligibleInstance> instances;
  std::string next_cursor;  // empty: the last page
};
Result<InstancePage> decode_instances(std::string_view body);

/// `instance_id`: of messages that do not name theirs.
Result<QueueListing> decode_queue(std::string_view body, std::string_view instance_id);

/// Likewise. Entries without id or name are left out.
Result<std::vector<InstanceCommand>> decode_commands(std::string_view body, std::string_view instance_id);

Result<std::string> decode_contact_id(std::string_view body);
Result<std::optional<std::string>> decode_primary_jid(std::string_view body);
Result<std::string> decode_media_url(std::string_view body);

/// kConflict when the answer says that the lock is not `ours`. An acquire must say that it succeeded; a
/// renewal need only not deny it.
enum class LockAnswer { kAcquire, kRenew };
Result<LockGrant> decode_lock(std::string_view body, LockAnswer kind, std::string_view our_owner);
Result<LockBatchGrant> decode_lock_batch(std::string_view body);

}  // namespace edge::json_codec
