// One connection to the service, from dial to loss: WebSocket, Noise handshake, encrypted frames, stanzas,
// and the matching of answers to requests. Everything that belongs to a connection lives in this object and
// dies with it, so a late callback of an old connection can never touch a new one.
//
// The reader decrypts, decodes, resolves answers and replies to pings right where the bytes arrive; every
// other stanza goes to the listener in order. Sealing a frame and queueing it are one step: the frame
// counter is the order of the frames.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "crypto/curve25519.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "runtime/web_socket.h"
#include "whatsapp/binary/iq.h"
#include "whatsapp/client/answer_table.h"
#include "whatsapp/client/ended.h"
#include "whatsapp/client/keep_alive.h"
#include "whatsapp/client/stanza_channel.h"
#include "whatsapp/noise/frame_cipher.h"
#include "whatsapp/noise/frame_stream.h"
#include "whatsapp/noise/handshake.h"

namespace whatsapp {

struct DialRequest {
  std::string url;
  std::string ca_file;
  runtime::Egress egress{};
  base::Duration connect_timeout{20'000};
  base::Duration handshake_timeout{20'000};
  crypto::PublicKey noise_root{};
  crypto::KeyPair noise_key;  // of this device
  base::Bytes payload;        // registration or login, see client_payload.h
};

/// Told on the loop, synchronously. May call close(), must not destroy the connection.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// The next stanza that is no answer and no ping.
  virtual void on_stanza(binary::Node stanza) = 0;
  /// Once; nothing comes after it. Not told after close().
  virtual void on_lost(Ended ended) = 0;
};

class Connection final : public StanzaChannel, private runtime::WebSocketListener {
 public:
  Connection(runtime::EventLoop& loop, runtime::WebSocketConnector& connector, base::Random& random,
             binary::RequestIds& ids, KeepAlive& life, base::Log log, ConnectionListener& listener);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Dials and shakes hands. Nothing when stanzas can flow; otherwise why not, with an empty reason if the
  /// caller's scope was closed.
  runtime::Task<std::optional<Ended>> open(DialRequest request);

  /// Ends the connection: what is queued is written, everything that waits gets kClosed.
  void close();
  /// After close(): waits until what was queued has left, not beyond `deadline`. Not cancellable.
  runtime::Task<void> linger(base::Clock::time_point deadline);

  /// Stops reading for a while, unless an answer is waited for, which may come next.
  void pause_reading();
  void resume_reading();

  /// Server time as of now, Unix seconds.
  void learn_server_time(std::int64_t server_time);

  // StanzaChannel
  base::Result<void> send(const binary::Node& stanza) override;
  base::Result<void> send_encoded(base::ByteView stanza) override;
  runtime::Task<base::Result<binary::Node>> query(binary::Node iq, base::Duration timeout) override;
  runtime::Task<base::Result<binary::Node>> exchange(binary::Node iq, base::Duration timeout) override;
  std::unique_ptr<PendingAck> expect_ack(std::string id) override;
  [[nodiscard]] std::int64_t server_time() const override;

 private:
  void on_bytes(base::ByteView bytes) override;
  void on_closed(base::Error reason) override;

  runtime::Task<base::Result<void>> shake_hands(DialRequest request);
  runtime::Task<base::Result<base::Bytes>> receive_hello(base::Duration timeout);
  base::Result<void> send_handshake(base::Bytes message, base::ByteView payload);
  void take_frames();
  void take_frame(base::MutableByteView frame);
  void route(binary::Node stanza);
  void answer_ping(const binary::Node& ping);
  void expect_input();
  void lose(Ended ended);

  runtime::EventLoop& loop_;
  runtime::WebSocketConnector& connector_;
  base::Random& random_;
  binary::RequestIds& ids_;
  KeepAlive& life_;
  base::Log log_;
  ConnectionListener& listener_;

  enum class State { kDialing, kShakingHands, kHelloTaken, kOpen, kClosed } state_ = State::kDialing;
  std::unique_ptr<runtime::WebSocket> socket_;
  noise::FrameReader reader_;
  std::optional<noise::FrameCipher> cipher_;
  runtime::OneShot<base::Bytes>* hello_waiter_ = nullptr;
  std::shared_ptr<AnswerTable> iqs_;
  std::shared_ptr<AnswerTable> acks_;
  std::int64_t clock_offset_ = 0;  // seconds the server is ahead
  std::size_t undecodable_ = 0;    // stanzas dropped
  bool reading_paused_ = false;
  bool peer_gone_ = false;  // nothing can be written any more
};

}  // namespace whatsapp
