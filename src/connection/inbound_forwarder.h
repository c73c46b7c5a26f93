// Brings every message that arrived to the edge: in order per chat, different chats side by side, tried until
// the edge has accepted it. Between WhatsApp and the edge stands a spool in the account's store: a message is
// staged there in the transaction that also advances the ratchet, and only then acked to WhatsApp, so neither
// a crash nor an edge that is away loses one.
//
// The spool is bounded. When it is full nothing more is acked: WhatsApp keeps the messages, and they come
// when there is room again. The edge may hear of a message twice (a crash between its answer and our note of
// it); the Idempotency-Key is then the same. Within one life of the process each message is posted once.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "edge/contact_resolver.h"
#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/keyed_lanes.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"

namespace worker {

struct InboundSettings {
  std::string instance_id;
  std::uint64_t most_rows = 10'000;
  std::uint64_t most_bytes = 64u << 20;
  std::size_t parallel_chats = 8;
  std::size_t page = 64;                   // rows read from the spool at a time
  base::Duration contact_patience{1'000};  // how long a message waits for its contact id
  base::Duration file_patience{60'000};    // how long a chat waits for the file of a message
};

class EventForwarder;
class InboundAttachments;

struct InboundDependencies {
  runtime::EventLoop& loop;
  edge::Edge& edge;
  edge::ContactResolver& contacts;
  whatsapp::AccountStore& store;
  base::Random& random;
  base::Log log;
  EventForwarder* events = nullptr;      // for what is no message; null: nobody wants to hear
  std::optional<std::uint64_t> fence;    // of the instance's lock
  std::function<std::string()> own_jid;  // own device JID, asked when a message is staged
  std::function<void()> room_again;      // Client::resume_intake(); may be empty
  std::function<void(const std::string& result)> counted;  // "delivered", "dropped"; may be empty
};

class InboundForwarder final : public whatsapp::MessageSink {
 public:
  InboundForwarder(InboundDependencies dependencies, InboundSettings settings);
  ~InboundForwarder() override;  // run() must have returned

  /// Who brings the files of messages, asked anew for each; null while there is no link. Without it messages
  /// go without their files. Before run().
  void use(std::function<InboundAttachments*()> attachments) { attachments_ = std::move(attachments); }

  /// Until cancelled; once per object. Also works while WhatsApp is disconnected. What is not delivered then
  /// stays in the spool for the next life.
  runtime::Task<void> run();

  /// Also false until run() has counted what an earlier life left: start it before connecting.
  [[nodiscard]] bool has_room() const override;
  /// Empty texts are not staged: there is nothing to tell.
  void stage(const whatsapp::IncomingMessage& message, whatsapp::store::Changes& changes) override;
  void staged() override;
  void stage_event(const whatsapp::ClientEvent& event, whatsapp::store::Changes& changes) override;
  void stage_history(const whatsapp::IncomingMessage& message, whatsapp::store::Changes& changes) override;
  void tell(const whatsapp::ClientEvent& event) override;

  /// What waits in the spool, including what is being committed.
  [[nodiscard]] const whatsapp::store::InboundBacklog& backlog() const { return backlog_; }

 private:
  using Row = whatsapp::store::InboundRow;

  runtime::Task<void> feed_forever();
  runtime::Task<base::Result<void>> count_spool();
  runtime::Task<base::Result<std::size_t>> load_page();
  runtime::Task<base::Result<void>> wait_for_news();
  void wake();

  runtime::Task<void> forward(Row row);
  enum class FileProgress { kReady, kTakesLonger, kStopped };
  runtime::Task<FileProgress> bring_file(edge::InboundMessage& message, const Row& row,
                                         base::Duration patience);
  runtime::Task<void> forward_late(Row row, edge::InboundMessage message);
  runtime::Task<void> add_contact(edge::InboundMessage& message);
  runtime::Task<bool> post(const edge::InboundMessage& message, const Row& row);
  runtime::Task<void> remove(Row row);
  void note_full();
  void make_room(const whatsapp::store::InboundBacklog& gone);
  void count(const char* result);

  InboundDependencies with_;
  InboundSettings settings_;
  std::function<InboundAttachments*()> attachments_;
  runtime::TaskScope scope_;
  runtime::KeyedLanes chats_;
  whatsapp::store::InboundBacklog backlog_;
  std::size_t late_ = 0;  // messages whose files take longer
  bool counted_ = false;
  bool was_full_ = false;
  std::int64_t loaded_up_to_ = 0;  // sequence of the last row given to a lane
  bool news_ = false;              // staged since the last look into the spool
  bool more_waits_ = false;        // the last look did not take everything
  runtime::OneShot<runtime::Done>* sleeper_ = nullptr;
};

}  // namespace worker
