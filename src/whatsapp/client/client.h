// One WhatsApp account, live. A Client drives one device: it dials, authenticates, pairs if the device is
// not linked, and then carries stanzas until the connection ends. It knows nothing of edges or queues: what
// happens is told to a ClientObserver, what arrives is staged into a MessageSink, what ends a connection is
// returned with the reaction the protocol asks for. Whoever owns the Client decides when to connect again.
//
//   Client client(dependencies, settings);
//   Ended ended = co_await client.run();      // one connection, from dial to end
//   switch (ended.reaction) { … }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "runtime/web_socket.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/client/account_manners.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/ended.h"
#include "whatsapp/client/events.h"
#include "whatsapp/client/outgoing_message.h"
#include "whatsapp/client/passkey_news.h"
#include "whatsapp/client/self.h"
#include "whatsapp/client/web_version.h"
#include "whatsapp/message/content.h"
#include "whatsapp/noise/certificate.h"
#include "whatsapp/signal/decrypt_error.h"

namespace whatsapp {

class Channels;
class Groups;
struct MediaDesk;

struct ClientSettings {
  std::string socket_url = "wss://web.whatsapp.com/ws/chat";
  std::string ca_file;             // extra trusted roots for TLS, PEM
  runtime::Egress egress{};        // the account's proxy
  crypto::PublicKey noise_root{};  // pinned certificate root
  WebVersion version;
  std::string device_name = "Windows";  // shown in the phone's list of linked devices
  std::string pairing_phone;            // also offer a code for this number while not linked; empty: QR only
  PasskeyAnswers passkey = PasskeyAnswers::kCarried;
  base::Duration connect_timeout{20'000};
  base::Duration handshake_timeout{20'000};
  base::Duration iq_timeout{30'000};
  base::Duration send_ack_timeout{60'000};
  AccountManners manners{};
};

/// A message that could not be read.
struct DecryptFailure {
  std::string message_id;
  std::string peer;  // the account it came from, as text: for telling peers apart
  signal::DecryptError error = signal::DecryptError::kInvalidMessage;
  enum class Repair {
    kAsked,    // the sender has been asked for it
    kLater,    // he will be, when the server has delivered what waited
    kGivenUp,  // he has been asked often enough, or it makes no sense
  } repair = Repair::kAsked;
};

/// Told on the loop, synchronously; must not block or throw.
class ClientObserver {
 public:
  virtual ~ClientObserver() = default;
  virtual void on_qr(const std::string& text, base::Duration valid_for) = 0;
  /// A code to be typed into the phone, beside the QR. The next one replaces it.
  virtual void on_pairing_code(const std::string& /*code*/, base::Duration /*valid_for*/) {}
  /// No code (any more): a stable word, see pairing/code_linking.h. The QR goes on.
  virtual void on_no_pairing_code(const std::string& /*reason*/) {}
  /// The code was typed: neither it nor the QR serves any more.
  virtual void on_pairing_code_typed() {}
  /// WhatsApp wants the account's passkey.
  virtual void on_passkey(const PasskeyNews& /*news*/) {}
  /// Linked; the credentials are durable. The server closes next (515) and run() ends with kRetryNow.
  virtual void on_paired(const Self& self) = 0;
  /// Logged in and ready to send.
  virtual void on_open(const Self& self) = 0;
  /// The offline queue has been delivered.
  virtual void on_synced() {}
  /// A message could not be decrypted (duplicates are not told). `repaired` failures are taken back by
  /// on_decrypt_repaired with the same id when a retry brought the message.
  virtual void on_decrypt_failure(const DecryptFailure& failure) = 0;
  virtual void on_decrypt_repaired(const std::string& message_id) = 0;
  /// A retry receipt went out or came in.
  enum class RetryReceipt { kSent, kReceived };
  virtual void on_retry_receipt(RetryReceipt /*which*/) {}
  /// Of the query budget: `kind` and `result` ("granted", "delayed", "denied", "refused") are words for
  /// metrics.
  virtual void on_query(std::string_view /*kind*/, std::string_view /*result*/) {}
};

/// A message that arrived, or that our own phone sent.
struct IncomingMessage {
  binary::Jid chat;                      // as the stanza said: group, or the other person (PN or LID)
  binary::Jid sender;                    // author: participant in groups, else the chat; own JID when from_me
  std::optional<binary::Jid> sender_pn;  // known forms of the author, without device
  std::optional<binary::Jid> sender_lid;
  std::string id;
  std::int64_t timestamp = 0;  // Unix seconds
  std::string push_name;
  enum class Direction { kReceived, kFromMe } direction = Direction::kReceived;
  message::Content content;
  /// Who wrote the message that content.target names. The JID is empty when it is unknown.
  enum class Target { kNone, kOurs, kTheirs } target = Target::kNone;
  binary::Jid target_author;
};

/// Where messages go. `stage` adds the application's own journal row to the transaction that also stores the
/// ratchet state; after the commit `staged` says that there is something new. The ack goes out after that.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  /// False: no room. The message is then neither decrypted nor acked, so the server keeps it.
  [[nodiscard]] virtual bool has_room() const = 0;
  virtual void stage(const IncomingMessage& message, store::Changes& changes) = 0;
  virtual void staged() = 0;
  /// The same for what happened besides messages; `staged` follows after the commit too.
  virtual void stage_event(const ClientEvent& event, store::Changes& changes) = 0;
  /// A message from before the device was linked, or asked for with Client::history(). May come twice.
  virtual void stage_history(const IncomingMessage& /*message*/, store::Changes& /*changes*/) {}
  /// What is only true for a moment (presence): nothing is kept.
  virtual void tell(const ClientEvent& event) = 0;
};

struct ClientDependencies {
  runtime::EventLoop& loop;
  runtime::WebSocketConnector& connector;
  AccountStore& store;
  base::Random& random;
  ClientObserver& observer;
  MessageSink& sink;
  base::Log log;
};

class BlobSource;
class Calls;
class Chats;
class History;
class Presence;
class Profile;

class Client {
 public:
  Client(ClientDependencies dependencies, ClientSettings settings);
  ~Client();  // run() must have returned
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// From the next run() on: the server found the old version too old (reason "client_outdated").
  void use_version(WebVersion version);

  /// One connection, from dial to end. Cancelling it closes the connection (reason "stopped").
  runtime::Task<Ended> run();
  /// Ends run() soon: flushes acks and receipts (at most 2 s), closes the socket.
  void disconnect();

  /// Encrypts for every device of the recipient and our own others, commits, writes, waits for the server's
  /// ack. Errors: kClosed (not connected or connection lost: outcome unknown, use resend), kTimeout (no
  /// ack), kRejected (server's error code in detail), kNotFound (not on WhatsApp), kInvalidArgument.
  runtime::Task<base::Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal);
  /// Writes the very bytes of an earlier stanza again (same id, same ciphertext) and waits for the ack.
  runtime::Task<base::Result<SendOutcome>> resend(std::string id, base::Bytes stanza);

  /// The linking under way: the passkey's assertion (JSON of WebAuthn), and that a person saw the same code
  /// on the phone. kConflict: nobody waits for that. kInvalidArgument.
  base::Result<void> answer_passkey(const std::string& assertion_json);
  base::Result<void> confirm_passkey();
  /// Unlinks this device; run() ends with kWipe as "logged_out_by_request" once it is done. kClosed.
  base::Result<void> log_out();

  /// PN of a LID from the account's own map.
  runtime::Task<base::Result<std::optional<binary::Jid>>> pn_of(binary::Jid lid);

  /// Groups and communities: members, settings, invitations. Works while connected.
  Groups& groups();
  /// Where files of messages are, and how to ask the phone for them again (media/media_desk.h).
  [[nodiscard]] MediaDesk& media();
  /// Channels (newsletters): look up, follow, leave.
  Channels& channels();
  // The parts of the account, for as long as the Client lives; their tasks say kClosed when not connected.
  Chats& chats();
  History& history();
  Presence& presence();
  Calls& calls();
  Profile& profile();
  /// Where snapshots and chunks of history are downloaded; without it only what comes inside messages is
  /// read. Must outlive the Client, or be taken away with null.
  void use_blobs(BlobSource* blobs);

  /// The sink has room again: takes in what was held back.
  void resume_intake();
  [[nodiscard]] bool is_open() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace whatsapp
