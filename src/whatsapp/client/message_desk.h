// The message side of one account: everything between the live stanza stream and the application that is
// about messages. Incoming messages are decrypted, staged and answered; outgoing ones are encrypted for
// every device and followed until the server's ack; retries, receipts, device lists, identities and the
// LID map are kept right on the way. The desk belongs to the account, not to the connection: it is made
// once, attached to each new connection and detached when that ends.
//
// The one rule that everything here serves: each stanza that wants an answer gets exactly one, and only
// after its effects are durable. When the store fails, a stanza is left unanswered and the connection is
// asked to close: the server delivers it again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/client.h"
#include "whatsapp/client/pre_key_supply.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

class Channels;
class Groups;
struct MediaDesk;

struct MessageDeskSettings {
  base::Duration iq_timeout{30'000};
  base::Duration send_ack_timeout{60'000};  // per attempt
  std::size_t cached_sessions = 64;         // signal sessions kept in memory, per account
  std::size_t cached_device_lists = 64;     // device lists kept in memory, per account
  base::Duration idle_before_drop{60'000};  // caches are emptied after this long without traffic
  enum class DeliveryReceipt { kPlain, kInactive } delivery_receipt = DeliveryReceipt::kPlain;
  AccountManners manners{};
};

class BlobSource;
class Calls;
class Chats;
class History;
class Presence;
class Profile;

struct MessageDeskDependencies {
  runtime::EventLoop& loop;
  AccountStore& store;
  base::Random& random;
  ClientObserver& observer;
  MessageSink& sink;
  PreKeySupply& pre_keys;
  base::Log log;
  BlobSource* blobs = nullptr;  // null: snapshots and history that are files cannot be had
};

/// One logged-in connection as the desk sees it. `channel` and `credentials` stay valid until detach() has
/// returned; `credentials` may change in place (a rotated signed pre-key) and must be paired.
struct LiveConnection {
  StanzaChannel& channel;
  const store::DeviceCredentials& credentials;
  Self self;
  /// Ends the connection soon (reaction kRetry). Called when the store failed: nothing more is answered.
  std::function<void(base::Error reason)> close;
  /// Our own name changed: in the credentials at once, and in `changes`, which the caller commits.
  std::function<void(const std::string& push_name, store::Changes& changes)> rename{};
};

class MessageDesk final : public StanzaHandler {
 public:
  MessageDesk(MessageDeskDependencies dependencies, MessageDeskSettings settings);
  ~MessageDesk() override;  // must be detached
  MessageDesk(const MessageDesk&) = delete;
  MessageDesk& operator=(const MessageDesk&) = delete;

  /// After `<success>`, before the first stanza is handed over.
  void attach(LiveConnection connection);
  /// The login is complete: what was true for the last connection only is made true again (10 C16).
  void opened();
  /// The server has delivered its offline queue (`<ib><offline/>`): retry receipts held back go out.
  void offline_finished();
  /// One `<dirty>` of an `<ib>`.
  void take_dirty(const binary::Node& dirty);
  /// Waits until every stanza handed over so far has its answer written: before a polite close.
  runtime::Task<void> settle();
  /// Ends what belongs to this connection and waits for it. The channel must already fail its queries and
  /// pending acks with kClosed; sends under way then return kClosed. A no-op when not attached.
  runtime::Task<void> detach();

  /// Takes message, receipt, notification, call, presence, chatstate, status and unknown top-level
  /// stanzas; never iq, ack, ib, success, failure or stream errors. Returns when the next stanza may come:
  /// answered, or (retry receipts) under way in the background. Waits while the sink has no room.
  runtime::Task<void> handle(binary::Node stanza) override;

  /// See Client.
  runtime::Task<base::Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal);
  runtime::Task<base::Result<SendOutcome>> resend(std::string id, base::Bytes stanza);
  runtime::Task<base::Result<std::optional<binary::Jid>>> pn_of(binary::Jid lid);
  Groups& groups();
  Channels& channels();
  void resume_intake();
  [[nodiscard]] MediaDesk& media();

  Chats& chats();
  History& history();
  Presence& presence();
  Calls& calls();
  Profile& profile();
  /// Must outlive the desk, or be taken away with null.
  void use_blobs(BlobSource* blobs);

  /// Sessions and device lists now in memory, for metrics and tests.
  [[nodiscard]] std::size_t cached_rows() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace whatsapp
