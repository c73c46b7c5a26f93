#include "whatsapp/client/connection.h"

#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/stream_end.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Node;

/// A frame that opened but is no stanza is dropped: closing would bring it again with the next login. So
/// many of them mean that we do not understand this server at all.
constexpr std::size_t kMostUndecodable = 16;

Ended ended_as(Reaction reaction, std::string_view reason, std::string message) {
  Ended ended;
  ended.reaction = reaction;
  ended.reason = reason;
  ended.message = std::move(message);
  return ended;
}

std::unexpected<base::Error> not_connected() { return base::fail(ErrorCode::kClosed, "not connected"); }

class AwaitedAck final : public PendingAck {
 public:
  AwaitedAck(std::shared_ptr<AnswerTable> table, std::string id) : slot_(std::move(table), std::move(id)) {}
  runtime::Task<base::Result<Node>> wait(base::Duration timeout) override { return slot_.wait(timeout); }

 private:
  AnswerTable::Slot slot_;
};

Ended ended_by_handshake(const base::Error& error) {
  const bool clock = noise::is_clock_fault(error);
  return ended_as(Reaction::kRetry, "handshake_failed",
                  clock ? error.message + "; is the clock of this machine right?" : error.message);
}

bool is_ping(const Node& stanza) {
  return stanza.tag() == "iq" && stanza.attr_is("type", "get") &&
         (stanza.attr_is("xmlns", "urn:xmpp:ping") || stanza.child("ping") != nullptr);
}

bool is_iq_answer(const Node& stanza) {
  return stanza.tag() == "iq" && (stanza.attr_is("type", "result") || stanza.attr_is("type", "error"));
}

}  // namespace

Connection::Connection(runtime::EventLoop& loop, runtime::WebSocketConnector& connector, base::Random& random,
                       binary::RequestIds& ids, KeepAlive& life, base::Log log, ConnectionListener& listener)
    : loop_(loop),
      connector_(connector),
      random_(random),
      ids_(ids),
      life_(life),
      log_(std::move(log)),
      listener_(listener),
      iqs_(std::make_shared<AnswerTable>(loop)),
      acks_(std::make_shared<AnswerTable>(loop)) {}

Connection::~Connection() { close(); }

// ---- opening -------------------------------------------------------------------------------------------

runtime::Task<std::optional<Ended>> Connection::open(DialRequest request) {
  runtime::WebSocketRequest upgrade;
  upgrade.url = request.url;
  upgrade.ca_file = request.ca_file;
  upgrade.egress = request.egress;
  upgrade.connect_timeout = request.connect_timeout;
  upgrade.headers = {
      {"Origin", "https://web.whatsapp.com"}, {"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}};
  auto socket = co_await connector_.connect(std::move(upgrade), *this);
  if (!socket && socket.error().code == ErrorCode::kCancelled) co_return Ended{};
  if (!socket) co_return ended_by_dial(socket.error());
  if (state_ == State::kClosed) co_return Ended{};
  socket_ = *std::move(socket);
  state_ = State::kShakingHands;
  const auto done = co_await shake_hands(std::move(request));
  if (done || state_ == State::kClosed) co_return done ? std::nullopt : std::optional<Ended>{Ended{}};
  if (done.error().code == ErrorCode::kCancelled) co_return Ended{};
  co_return ended_by_handshake(done.error());
}

runtime::Task<base::Result<void>> Connection::shake_hands(DialRequest request) {
  noise::ClientCredentials credentials;
  credentials.device = request.noise_key;
  credentials.ephemeral = crypto::generate_key_pair(random_);
  credentials.payload = std::move(request.payload);
  noise::ClientHandshake handshake(std::move(credentials));
  WA_CO_TRY_VOID(send_handshake(noise::prologue(), handshake.hello()));
  WA_CO_TRY(const auto hello, co_await receive_hello(request.handshake_timeout));

  noise::CertificatePolicy policy;
  policy.root_key = request.noise_root;
  WA_CO_TRY(const auto established, handshake.on_server_hello(hello, policy, loop_.clock().unix_seconds()));
  if (established.finish) WA_CO_TRY_VOID(send_handshake({}, *established.finish));
  cipher_.emplace(established.keys, noise::Side::kClient);
  state_ = State::kOpen;
  take_frames();  // what came glued to the server's hello
  co_return base::Result<void>{};
}

base::Result<void> Connection::send_handshake(base::Bytes message, base::ByteView payload) {
  WA_TRY_VOID(noise::append_frame(message, payload));
  return socket_->send(std::move(message));
}

runtime::Task<base::Result<base::Bytes>> Connection::receive_hello(base::Duration timeout) {
  runtime::OneShot<base::Bytes> hello(loop_);
  hello_waiter_ = &hello;
  take_frames();
  auto received = co_await hello.wait_for(timeout);
  hello_waiter_ = nullptr;
  if (!received && received.error().code == ErrorCode::kTimeout)
    co_return base::fail(ErrorCode::kTimeout, "the server did not answer the handshake");
  co_return received;
}

// ---- reading -------------------------------------------------------------------------------------------

void Connection::on_bytes(base::ByteView bytes) {
  if (state_ == State::kClosed) return;
  life_.on_input();
  reader_.push(bytes);
  take_frames();
}

void Connection::take_frames() {
  // Frames behind the server's hello are already encrypted: they wait in the reader for the keys.
  while (state_ == State::kOpen || (state_ == State::kShakingHands && hello_waiter_ != nullptr)) {
    const auto frame = reader_.next();
    if (!frame) return lose(ended_as(Reaction::kRetry, "bad_frame", frame.error().message));
    if (!*frame) return;
    if (state_ == State::kOpen) {
      take_frame(**frame);
    } else {
      state_ = State::kHelloTaken;
      hello_waiter_->set(base::to_bytes(**frame));
    }
  }
}

void Connection::take_frame(base::MutableByteView frame) {
  const auto plaintext = cipher_->open(frame);
  if (!plaintext) return lose(ended_as(Reaction::kRetry, "bad_frame", plaintext.error().message));
  if (binary::is_end_of_stream(*plaintext)) return lose(ended_by_stream_end());
  auto stanza = binary::decode(*plaintext);
  if (stanza) return route(*std::move(stanza));
  log_.warn("a stanza could not be decoded and was dropped", {{"error", stanza.error().message}});
  if (++undecodable_ > kMostUndecodable)
    lose(ended_as(Reaction::kRetry, "bad_frame", "too many stanzas that cannot be decoded"));
}

void Connection::route(Node stanza) {
  if (is_iq_answer(stanza)) {
    (void)iqs_->resolve(stanza.attr("id").value_or(""), stanza);
  } else if (stanza.tag() == "ack") {
    (void)acks_->resolve(stanza.attr("id").value_or(""), stanza);
  } else if (is_ping(stanza)) {
    answer_ping(stanza);
  } else {
    listener_.on_stanza(std::move(stanza));
  }
}

void Connection::answer_ping(const Node& ping) {
  auto pong = Node("iq").with("type", "result").with("id", ping.attr("id"));
  if (const auto from = ping.jid("from")) {
    pong.set("to", *from);
  } else {
    pong.set("to", binary::Jid::service());
  }
  (void)send(pong);
}

void Connection::pause_reading() {
  if (reading_paused_ || socket_ == nullptr || iqs_->waiting() + acks_->waiting() > 0) return;
  reading_paused_ = true;
  socket_->pause_reading();
}

void Connection::resume_reading() {
  if (!reading_paused_ || socket_ == nullptr) return;
  reading_paused_ = false;
  socket_->resume_reading();
}

// ---- writing -------------------------------------------------------------------------------------------

base::Result<void> Connection::send(const Node& stanza) {
  if (state_ != State::kOpen) return not_connected();
  WA_TRY(const auto encoded, binary::encode(stanza));
  return send_encoded(encoded);
}

base::Result<void> Connection::send_encoded(base::ByteView stanza) {
  if (state_ != State::kOpen) return not_connected();
  base::Bytes message;
  WA_TRY_VOID(cipher_->seal(stanza, message));
  const auto sent = socket_->send(std::move(message));
  // The counter of the frame is used up: without it the stream cannot go on.
  if (!sent) lose(ended_as(Reaction::kRetry, "send_failed", sent.error().message));
  if (sent && cipher_->should_renew())
    lose(ended_as(Reaction::kRetryNow, "renewal", "half of the frame counter is used"));
  return sent;
}

/// The server owes us an answer: silence from now on is suspicious, and must not be our own.
void Connection::expect_input() {
  life_.on_request();
  resume_reading();
}

runtime::Task<base::Result<Node>> Connection::query(Node iq, base::Duration timeout) {
  WA_CO_TRY(auto answer, co_await exchange(std::move(iq), timeout));
  if (const auto error = binary::iq_error(answer))
    co_return base::fail(ErrorCode::kRejected, "the server refused the request: " + error->text, error->code);
  co_return answer;
}

runtime::Task<base::Result<Node>> Connection::exchange(Node iq, base::Duration timeout) {
  std::string id = ids_.next();
  iq.set("id", id);
  AnswerTable::Slot slot(iqs_, std::move(id));
  WA_CO_TRY_VOID(send(iq));
  expect_input();
  co_return co_await slot.wait(timeout);
}

std::unique_ptr<PendingAck> Connection::expect_ack(std::string id) {
  auto awaited = std::make_unique<AwaitedAck>(acks_, std::move(id));
  expect_input();
  return awaited;
}

std::int64_t Connection::server_time() const { return loop_.clock().unix_seconds() + clock_offset_; }

void Connection::learn_server_time(std::int64_t server_time) {
  clock_offset_ = server_time - loop_.clock().unix_seconds();
}

// ---- the end -------------------------------------------------------------------------------------------

void Connection::on_closed(base::Error reason) {
  peer_gone_ = true;
  if (state_ == State::kOpen || hello_waiter_ == nullptr)
    return lose(ended_as(Reaction::kRetry, "connection_lost", std::move(reason.message)));
  hello_waiter_->set(base::fail(ErrorCode::kClosed, "the connection was lost during the handshake"));
}

void Connection::lose(Ended ended) {
  if (state_ == State::kClosed) return;
  close();
  listener_.on_lost(std::move(ended));
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  iqs_->close();
  acks_->close();
  if (hello_waiter_ != nullptr) hello_waiter_->set(not_connected());
  if (socket_ != nullptr) socket_->close();
}

runtime::Task<void> Connection::linger(base::Clock::time_point deadline) {
  constexpr base::Duration kGlance{10};
  while (socket_ != nullptr && !peer_gone_ && socket_->unsent_bytes() > 0 && loop_.clock().now() < deadline) {
    runtime::OneShot<runtime::Done> glance(loop_);
    loop_.call_after(kGlance, [&glance] { glance.set(runtime::Done{}); });
    (void)co_await glance.wait_through_cancellation();
  }
}

}  // namespace whatsapp
