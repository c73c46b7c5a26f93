// Files of messages that have arrived, on their way to the edge: downloaded and verified, put into the media
// folder, uploaded to the edge, whose URL then goes with the message. Whatever fails is tried again, later
// and later, for a day; then the message goes without its file and says why. A file that is gone from the
// media hosts is asked from our own phone.
//
// Nothing is kept here that must outlive the process: the spool has the message with its PendingAttachment,
// and whoever takes it out after a restart asks again. Every step finds what an earlier life has done.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "attachments/media_place.h"
#include "attachments/pending_attachment.h"
#include "base/log.h"
#include "base/random.h"
#include "edge/edge.h"
#include "runtime/async_semaphore.h"
#include "runtime/blocking_executor.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/media/media_retry_desk.h"
#include "whatsapp/client/media/media_transport.h"

namespace worker {

struct InboundAttachmentsSettings {
  std::string media_base = "/data/media";
  base::Duration give_up_after{24 * 3'600'000};
  base::Duration first_pause{5'000};  // after a failure; doubled up to
  base::Duration longest_pause{600'000};
  std::size_t parallel = 3;
  std::uint64_t most_to_edge = 2048ull << 20;  // bytes; a larger file stays here
};

struct InboundAttachmentsDependencies {
  runtime::EventLoop& loop;
  whatsapp::MediaTransport& transport;
  whatsapp::MediaRetryDesk& phone;
  edge::Edge& edge;
  runtime::BlockingExecutor::Lane lane;
  base::Random& random;
  base::Log log;
  std::optional<std::uint64_t> fence{};        // of the instance's lock
  std::function<bool()> takes_forms{};         // the edge has upload.multipart
  std::function<void(const char*)> counted{};  // "delivered", "given_up"; may be empty
};

class InboundAttachments {
 public:
  InboundAttachments(InboundAttachmentsDependencies dependencies, InboundAttachmentsSettings settings);
  ~InboundAttachments();  // close() must have returned

  /// Begins to bring the file, or goes on with it, and waits for at most `patience`. Nothing: it takes
  /// longer; the work goes on, and the message behind it need not wait. kCancelled.
  runtime::Task<base::Result<std::optional<edge::InboundMedia>>> bring(PendingAttachment attachment,
                                                                       base::Duration patience);
  /// However long it takes: until the file is there or given up. kCancelled.
  runtime::Task<base::Result<edge::InboundMedia>> bring(PendingAttachment attachment);

  runtime::Task<void> close();

 private:
  struct Job;
  using Step = base::Result<edge::InboundMedia>;

  Job& job_of(const PendingAttachment& attachment);
  runtime::Task<base::Result<edge::InboundMedia>> wait_for(Job& job, base::Clock::time_point until);
  runtime::Task<void> work(Job& job);
  runtime::Task<base::Result<edge::InboundMedia>> work_until_done(PendingAttachment& attachment);
  runtime::Task<Step> attempt(PendingAttachment& attachment, const MediaPlace& place);
  runtime::Task<base::Result<void>> fetch(PendingAttachment& attachment, const MediaPlace& place);
  runtime::Task<base::Result<std::string>> ask_phone(const PendingAttachment& attachment);
  runtime::Task<Step> upload(const PendingAttachment& attachment, const MediaPlace& place);
  [[nodiscard]] base::Clock::time_point give_up_at(const PendingAttachment& attachment) const;

  InboundAttachmentsDependencies with_;
  InboundAttachmentsSettings settings_;
  runtime::TaskScope scope_;
  runtime::AsyncSemaphore slots_;
  std::map<std::string, std::unique_ptr<Job>> jobs_;  // by chat and message; as many as are waited for
};

}  // namespace worker
