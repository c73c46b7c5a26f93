#include "runtime/http_connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUnsent = 32u << 20;  // bytes a WebSocket may have waiting
constexpr std::size_t kMaxEarly = 64 * 1024;   // bytes taken of the next request while one is handled
constexpr std::size_t kMaxPongBacklog = 64 * 1024;
constexpr std::size_t kWritePiece = 64 * 1024;
constexpr int kPiecesPerTurn = 16;
constexpr base::Duration kLinger = 2s;

std::string head_of(const HttpResponse& response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_phrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    const bool ours = same_header_name(name, "Content-Length") || same_header_name(name, "Connection") ||
                      same_header_name(name, "Transfer-Encoding");
    if (ours || !is_header_name(name) || !is_header_value(value)) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 204 && response.status != 304)
    head.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  return head.append(keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

}  // namespace

HttpConnection::HttpConnection(EventLoop& loop, HttpConnectionOwner& owner, std::string peer)
    : loop_(loop), owner_(&owner), peer_(std::move(peer)), last_activity_(loop.clock().now()) {}

HttpConnection::~HttpConnection() { loop_.cancel_timer(idle_timer_); }

bool HttpConnection::start(LwsContext& context, lws_vhost* vhost, int socket) {
  self_ = shared_from_this();
  if (!context.adopt(vhost, socket, *this)) {
    on_lws_closed();
    return false;
  }
  watch_idle();
  return true;
}

int HttpConnection::on_lws(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) {
  const auto keep = self_;  // a listener may drop its last reference to us
  switch (reason) {
    case LWS_CALLBACK_RAW_ADOPT:
      wsi_ = wsi;
      return 0;
    case LWS_CALLBACK_RAW_RX:
      return on_received({static_cast<std::uint8_t*>(in), size});
    case LWS_CALLBACK_RAW_WRITEABLE:
      return on_writable();
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_WSI_DESTROY:
      lws_set_opaque_user_data(wsi, nullptr);
      on_lws_closed();
      return 0;
    default:
      return 0;
  }
}

void HttpConnection::on_lws_closed() {
  const auto keep = std::exchange(self_, nullptr);
  if (!keep) return;
  wsi_ = nullptr;
  state_ = State::kDead;
  loop_.cancel_timer(std::exchange(idle_timer_, 0));
  queue_.clear();
  if (owner_ != nullptr) std::exchange(owner_, nullptr)->on_gone(*this);
  tell_closed({base::ErrorCode::kClosed, "the connection broke"});
}

int HttpConnection::on_received(base::MutableByteView bytes) {
  lws_set_timeout(wsi_, NO_PENDING_TIMEOUT, 0);  // that of the TLS handshake
  // The head of a request has to be complete in time; anything else only has to move.
  if (!(parser_ && parser_->in_head())) touch();
  if (state_ == State::kWebSocket) {
    feed_frames(bytes);
  } else if (state_ == State::kReceiving) {
    feed_parser(base::as_text(bytes));
  } else if (state_ == State::kHandling || state_ == State::kResponding) {
    early_.append(base::as_text(bytes));
    update_reading();
  }
  return state_ == State::kDead ? -1 : 0;
}

int HttpConnection::on_writable() {
  if (state_ == State::kDead) return -1;
  for (int i = 0; i < kPiecesPerTurn && !queue_.empty(); ++i) {
    if (lws_partial_buffered(wsi_) != 0) break;
    const std::string_view piece = queue_.front().substr(0, kWritePiece);
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));  // raw writes only read
    if (lws_write(wsi_, bytes, piece.size(), LWS_WRITE_RAW) < 0) return -1;
    queue_.pop(piece.size());
    touch();
  }
  // While output waits inside libwebsockets it does not read, and would spin if input came.
  blocked_ = lws_partial_buffered(wsi_) != 0;
  update_reading();
  if (blocked_ || !queue_.empty()) {
    lws_callback_on_writable(wsi_);
  } else {
    on_flushed();
  }
  return state_ == State::kDead ? -1 : 0;
}

void HttpConnection::feed_frames(base::MutableByteView bytes) {
  const auto fed = frames_->feed(bytes, *this);
  if (fed || state_ != State::kWebSocket) return;
  push(web_socket_close_frame(fed.error().detail));
  close_after_flush();
  tell_closed(fed.error());
}

void HttpConnection::feed_parser(std::string_view bytes) {
  if (!parser_) parser_ = std::make_unique<HttpRequestParser>(owner_->settings().max_body);
  auto progress = parser_->feed(bytes);
  if (progress == HttpRequestParser::Progress::kHeadDone) {
    if (has_word(header(parser_->request().headers, "Expect"), "100-continue") && bytes.empty())
      push("HTTP/1.1 100 Continue\r\n\r\n");
    progress = parser_->feed(bytes);
  }
  if (progress == HttpRequestParser::Progress::kRefused) return refuse(parser_->refusal());
  if (progress != HttpRequestParser::Progress::kComplete) return;
  early_.assign(bytes);
  on_complete();
}

void HttpConnection::on_complete() {
  RawHttpRequest request = parser_->take();
  parser_.reset();
  keep_alive_ = request.keep_alive();
  head_only_ = request.method == "HEAD";
  state_ = State::kHandling;
  update_reading();
  owner_->on_request(*this, std::move(request));
}

void HttpConnection::respond(HttpResponse response) {
  if (state_ != State::kHandling) return;
  const bool bodiless = head_only_ || response.status == 204 || response.status == 304;
  state_ = State::kResponding;
  touch();
  push(head_of(response, keep_alive_));
  if (!bodiless) push(std::move(response.body));
  if (!keep_alive_) close_after_flush();
}

void HttpConnection::refuse(int status) {
  HttpResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.body = std::string{reason_phrase(status)} + "\n";
  keep_alive_ = false;
  state_ = State::kHandling;
  parser_.reset();
  respond(std::move(response));
}

void HttpConnection::on_flushed() {
  if (state_ == State::kResponding) return next_request();
  if (state_ != State::kClosing || flushed_) return;
  // Closing with unread input would reset the connection, and the peer might lose our last bytes.
  flushed_ = true;
  if (lws_is_ssl(wsi_) == 0) ::shutdown(lws_get_socket_fd(wsi_), SHUT_WR);
  loop_.cancel_timer(idle_timer_);
  idle_timer_ = loop_.call_after(kLinger, [this] {
    idle_timer_ = 0;
    die();
  });
}

void HttpConnection::next_request() {
  state_ = State::kReceiving;
  const std::string early = std::exchange(early_, {});
  update_reading();
  if (!early.empty()) feed_parser(early);
}

void HttpConnection::become_web_socket(WebSocketListener& listener, const std::string& accept_key) {
  if (state_ != State::kHandling) return;
  state_ = State::kWebSocket;
  listener_ = &listener;
  frames_ = std::make_unique<WebSocketFrameReader>(owner_->settings().max_message);
  loop_.cancel_timer(std::exchange(idle_timer_, 0));
  queue_.push_front(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_key + "\r\n\r\n");
  lws_callback_on_writable(wsi_);
  std::string early = std::exchange(early_, {});
  update_reading();
  if (!early.empty()) feed_frames({reinterpret_cast<std::uint8_t*>(early.data()), early.size()});
}

void HttpConnection::shut_down() {
  owner_ = nullptr;
  tell_closed({base::ErrorCode::kClosed, "the server is closing"});
  die();
}

base::Result<void> HttpConnection::send(base::ByteView message) {
  const bool open = state_ == State::kWebSocket || (state_ == State::kHandling && wsi_ != nullptr);
  if (!open) return base::fail(base::ErrorCode::kClosed, "the connection is closed");
  if (queue_.size() + message.size() > kMaxUnsent)
    return base::fail(base::ErrorCode::kLimit, "too many bytes wait to be sent");
  push(web_socket_frame(WebSocketOpcode::kBinary, message));
  return {};
}

void HttpConnection::close_web_socket(int code) {
  listener_ = nullptr;
  if (state_ != State::kWebSocket) return;
  push(web_socket_close_frame(code));
  close_after_flush();
}

void HttpConnection::abandon_web_socket() {
  listener_ = nullptr;
  if (state_ == State::kHandling) queue_.clear();  // the acceptor refused
  if (state_ == State::kWebSocket) die();
}

void HttpConnection::pause(bool on) {
  paused_ = on;
  update_reading();
}

void HttpConnection::on_payload(base::ByteView bytes) {
  if (listener_ != nullptr && !bytes.empty()) listener_->on_bytes(bytes);
}

void HttpConnection::on_ping(std::string_view payload) {
  if (state_ == State::kWebSocket && queue_.size() < kMaxPongBacklog)
    push(web_socket_frame(WebSocketOpcode::kPong, base::as_bytes(payload)));
}

void HttpConnection::on_close(int code) {
  if (state_ != State::kWebSocket) return;
  push(web_socket_close_frame(code));
  close_after_flush();
  tell_closed({base::ErrorCode::kClosed, "the peer closed the connection", code});
}

void HttpConnection::tell_closed(base::Error reason) {
  if (auto* listener = std::exchange(listener_, nullptr)) listener->on_closed(std::move(reason));
}

void HttpConnection::push(std::string bytes) {
  queue_.push(std::move(bytes));
  if (wsi_ != nullptr && state_ != State::kHandling) lws_callback_on_writable(wsi_);
}

void HttpConnection::close_after_flush() {
  if (state_ == State::kDead) return;
  state_ = State::kClosing;
  paused_ = false;
  touch();
  update_reading();
  if (wsi_ != nullptr) lws_callback_on_writable(wsi_);
  watch_idle();
}

void HttpConnection::die() {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  // Later, from a clean stack: we may be inside one of its callbacks.
  loop_.defer([self = shared_from_this()] {
    if (self->wsi_ != nullptr) kill(self->wsi_);
  });
}

void HttpConnection::update_reading() {
  const bool early_full = early_.size() >= kMaxEarly && state_ != State::kReceiving;
  const bool wanted = !paused_ && !blocked_ && !early_full;
  if (wsi_ == nullptr || wanted == reading_) return;
  reading_ = wanted;
  set_reading(wsi_, wanted);
}

void HttpConnection::touch() { last_activity_ = loop_.clock().now(); }

// One timer that looks again later when something happened, instead of one per event.
void HttpConnection::watch_idle() {
  if (idle_timer_ != 0 || owner_ == nullptr) return;
  const auto limit = owner_->settings().idle_timeout;
  idle_timer_ = loop_.call_at(last_activity_ + limit, [this, limit] {
    idle_timer_ = 0;
    if (state_ == State::kHandling) touch();
    if (loop_.clock().now() - last_activity_ >= limit) return die();
    watch_idle();
  });
}

namespace {

class ServerWebSocket final : public WebSocket {
 public:
  explicit ServerWebSocket(std::shared_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}
  ~ServerWebSocket() override { connection_->abandon_web_socket(); }

  base::Result<void> send(base::Bytes message) override { return connection_->send(message); }
  void close(int code) override { connection_->close_web_socket(code); }
  void pause_reading() override { connection_->pause(true); }
  void resume_reading() override { connection_->pause(false); }
  [[nodiscard]] std::size_t unsent_bytes() const override { return connection_->unsent_bytes(); }

 private:
  std::shared_ptr<HttpConnection> connection_;
};

}  // namespace

std::unique_ptr<WebSocket> make_server_web_socket(std::shared_ptr<HttpConnection> connection) {
  return std::make_unique<ServerWebSocket>(std::move(connection));
}

}  // namespace runtime
