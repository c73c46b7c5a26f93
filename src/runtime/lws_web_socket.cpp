#include "runtime/lws_web_socket.h"

#include <cstring>
#include <utility>

namespace runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxUnsent = 32u << 20;
constexpr int kMessagesPerTurn = 16;
constexpr base::Duration kCloseTimeout = 5s;
constexpr int kTooBig = 1009;
constexpr int kNoCode = 1005;

}  // namespace

LwsWebSocket::LwsWebSocket(LwsContext& context, std::shared_ptr<Registry> registry,
                           WebSocketListener& listener, std::size_t max_message)
    : context_(context),
      loop_(context.loop()),
      registry_(std::move(registry)),
      listener_(&listener),
      max_message_(max_message) {}

LwsWebSocket::~LwsWebSocket() { loop_.cancel_timer(close_timer_); }

void LwsWebSocket::start(lws_vhost* vhost, const WebSocketUrl& url, const std::string& address,
                         std::string header_lines, OneShot<Done>& opened) {
  if (registry_->closed) {
    opened.set(base::fail(base::ErrorCode::kClosed, "the network is closing"));
    return;
  }
  self_ = shared_from_this();
  registry_->live.insert(this);
  header_lines_ = std::move(header_lines);
  opened_ = &opened;
  const std::string authority = url.authority();
  lws_client_connect_info info{};
  info.vhost = vhost;
  info.address = address.c_str();  // no name, so that libwebsockets does not look it up and block
  info.port = url.port;
  info.path = url.path.c_str();
  info.host = authority.c_str();  // for the Host header, SNI and the certificate
  info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (url.tls ? LCCSCF_USE_SSL : 0);
  lws* wsi = context_.connect(info, *this);
  if (!self_) return;  // it has already failed, and said so
  wsi_ = wsi;
  if (wsi_ != nullptr) return;
  finish_connecting(base::fail(base::ErrorCode::kUnavailable, "cannot connect"));
  on_lws_closed();
}

void LwsWebSocket::carry(std::shared_ptr<ProxyTunnel> tunnel) { tunnel_ = std::move(tunnel); }

int LwsWebSocket::on_lws(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) {
  const auto keep = self_;  // a listener may drop its last reference to us
  wsi_ = wsi;
  switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
      return append_headers(static_cast<unsigned char**>(in), size);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
      return on_established();
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
      on_connect_failed(static_cast<const char*>(in), size);
      break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
      return on_received({static_cast<const std::uint8_t*>(in), size});
    case LWS_CALLBACK_CLIENT_WRITEABLE:
      return on_writable();
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
      on_peer_close({static_cast<const std::uint8_t*>(in), size});
      return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
      break;
    default:
      return 0;
  }
  lws_set_opaque_user_data(wsi, nullptr);
  on_lws_closed();
  return 0;
}

int LwsWebSocket::append_headers(unsigned char** at, std::size_t room) {
  if (header_lines_.size() > room) return -1;
  std::memcpy(*at, header_lines_.data(), header_lines_.size());
  *at += header_lines_.size();
  return 0;
}

int LwsWebSocket::on_established() {
  if (state_ != State::kConnecting) return -1;
  state_ = State::kOpen;
  header_lines_ = {};
  lws_rx_flow_control(wsi_, 0);  // until hand_over()
  finish_connecting(Done{});
  return 0;
}

void LwsWebSocket::on_connect_failed(const char* why, std::size_t size) {
  if (lws_get_socket_fd(wsi_) < 0) free_failed_attempt(loop_.uv(), wsi_);
  const int status = static_cast<int>(lws_http_client_http_response(wsi_));
  if (status != 0 && status != 101) {
    const std::string text = "the server refused the WebSocket with HTTP status " + std::to_string(status);
    finish_connecting(base::fail(base::ErrorCode::kRejected, text, status));
    return;
  }
  const std::string reason = why == nullptr ? std::string{} : std::string{why, strnlen(why, size)};
  finish_connecting(base::fail(base::ErrorCode::kUnavailable, "cannot connect: " + reason));
}

bool LwsWebSocket::hand_over() {
  if (state_ != State::kOpen) return false;
  handed_over_ = true;
  if (!paused_) set_reading(wsi_, true);
  return true;
}

int LwsWebSocket::on_received(base::ByteView bytes) {
  if (state_ == State::kDead) return -1;
  if (listener_ == nullptr) return 0;  // we are closing and wait for the peer to do the same
  if (lws_is_first_fragment(wsi_) != 0) message_size_ = 0;
  message_size_ += bytes.size();
  if (message_size_ + lws_remaining_packet_payload(wsi_) > max_message_) {
    send_close_frame(kTooBig);
    tell_closed({base::ErrorCode::kLimit, "a message is larger than allowed"});
    return 0;
  }
  if (!bytes.empty()) listener_->on_bytes(bytes);
  return state_ == State::kDead ? -1 : 0;
}

int LwsWebSocket::on_writable() {
  if (state_ == State::kDead) return -1;
  if (state_ == State::kClosing) return 0;
  for (int i = 0; i < kMessagesPerTurn && lws_partial_buffered(wsi_) == 0; ++i) {
    in_lws_ = 0;
    if (queue_.empty()) {
      if (state_ == State::kFlushing) send_close_frame(close_code_);
      return 0;
    }
    const std::string_view piece = queue_.front();
    const std::size_t size = piece.size() - LWS_PRE;
    auto* message =
        reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data())) + LWS_PRE;  // it masks in place
    const int written = lws_write(wsi_, message, size, LWS_WRITE_BINARY);
    queue_.pop(piece.size());
    unsent_ -= size;
    if (written < 0) return -1;
    if (lws_partial_buffered(wsi_) != 0) in_lws_ = size;
  }
  lws_callback_on_writable(wsi_);
  return 0;
}

void LwsWebSocket::on_peer_close(base::ByteView payload) {
  const int code = payload.size() >= 2 ? static_cast<int>(base::read_big_endian(payload.first(2))) : kNoCode;
  state_ = State::kClosing;  // libwebsockets answers it by itself
  watch_close();
  tell_closed({base::ErrorCode::kClosed, "the peer closed the connection", code});
}

void LwsWebSocket::on_lws_closed() {
  const auto keep = std::exchange(self_, nullptr);
  if (!keep) return;
  wsi_ = nullptr;
  state_ = State::kDead;
  tunnel_.reset();
  registry_->live.erase(this);
  loop_.cancel_timer(std::exchange(close_timer_, 0));
  queue_.clear();
  unsent_ = in_lws_ = 0;
  finish_connecting(
      base::fail(base::ErrorCode::kUnavailable, "the connection broke before it was established"));
  tell_closed({base::ErrorCode::kClosed, "the connection broke"});
}

base::Result<void> LwsWebSocket::send(base::ByteView message) {
  if (state_ != State::kOpen) return base::fail(base::ErrorCode::kClosed, "the connection is closed");
  if (unsent_bytes() + message.size() > kMaxUnsent)
    return base::fail(base::ErrorCode::kLimit, "too many bytes wait to be sent");
  std::string piece;
  piece.reserve(LWS_PRE + message.size());
  piece.append(LWS_PRE, '\0').append(base::as_text(message));
  queue_.push(std::move(piece));
  unsent_ += message.size();
  lws_callback_on_writable(wsi_);
  return {};
}

void LwsWebSocket::close(int code) {
  listener_ = nullptr;
  if (state_ != State::kOpen) return;
  state_ = State::kFlushing;
  close_code_ = code;
  set_reading(wsi_, true);
  lws_callback_on_writable(wsi_);
  watch_close();
}

// Asked for from a clean stack: Debian's libwebsockets is a debug build, which closes twice when a callback
// returns -1, and the second time without the frame.
void LwsWebSocket::send_close_frame(int code) {
  state_ = State::kClosing;
  lws_close_reason(wsi_, static_cast<lws_close_status>(code), nullptr, 0);
  watch_close();
  loop_.defer([self = shared_from_this()] {
    const bool closing = self->wsi_ != nullptr && self->state_ == State::kClosing;
    if (closing) lws_set_timeout(self->wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
  });
}

void LwsWebSocket::watch_close() {
  if (close_timer_ != 0) return;
  close_timer_ = loop_.call_after(kCloseTimeout, [this] {
    close_timer_ = 0;
    die();
  });
}

void LwsWebSocket::pause(bool on) {
  paused_ = on;
  if (state_ == State::kOpen && handed_over_) set_reading(wsi_, !on);
}

void LwsWebSocket::abandon() {
  listener_ = nullptr;
  opened_ = nullptr;
  if (state_ != State::kFlushing && state_ != State::kClosing) die();
}

void LwsWebSocket::shut_down() {
  die();
  finish_connecting(base::fail(base::ErrorCode::kClosed, "the network is closing"));
  tell_closed({base::ErrorCode::kClosed, "the network is closing"});
}

void LwsWebSocket::die() {
  if (state_ == State::kDead) return;
  state_ = State::kDead;
  // Later, from a clean stack: we may be inside one of its callbacks.
  loop_.defer([self = shared_from_this()] {
    if (self->wsi_ != nullptr) kill(self->wsi_);
  });
}

void LwsWebSocket::finish_connecting(base::Result<Done> result) {
  if (auto* opened = std::exchange(opened_, nullptr)) opened->set(std::move(result));
}

void LwsWebSocket::tell_closed(base::Error reason) {
  auto* listener = std::exchange(listener_, nullptr);
  if (listener != nullptr && handed_over_) listener->on_closed(std::move(reason));
}

}  // namespace runtime
