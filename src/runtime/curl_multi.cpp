#include "runtime/curl_multi.h"

#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "runtime/tls_roots.h"

namespace runtime {
namespace {

constexpr std::size_t kIdleHandles = 32;
constexpr long kIdleConnections = 64;

template <class Handle>
void close_and_free(Handle* handle) {
  handle->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

struct CurlMulti::Watch {
  uv_poll_t poll{};
  curl_socket_t socket = CURL_SOCKET_BAD;
};

CurlMulti::CurlMulti(EventLoop& loop, HttpClientSettings settings, Egress egress, AddressPolicy addresses)
    : loop_(loop),
      settings_(std::move(settings)),
      egress_(std::move(egress)),
      addresses_(addresses),
      multi_(nullptr),
      share_(nullptr),
      timer_(new uv_timer_t) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  multi_ = curl_multi_init();
  share_ = curl_share_init();
  if (multi_ == nullptr || share_ == nullptr) throw std::runtime_error("libcurl cannot be started");
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, settings_.max_connections_per_host);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
  // Real time, also with a ManualClock: curl's own timers are about sockets, not about the caller's deadline.
  uv_timer_init(loop_.uv(), timer_);
  timer_->data = this;
}

CurlMulti::~CurlMulti() { shut_down(); }

void CurlMulti::shut_down() {
  if (multi_ == nullptr) return;
  const auto transfers = std::exchange(transfers_, {});
  for (CurlTransfer* transfer : transfers) {
    curl_multi_remove_handle(multi_, transfer->easy_);
    curl_easy_cleanup(std::exchange(transfer->easy_, nullptr));
    transfer->end(base::fail(base::ErrorCode::kClosed, "the HTTP client is closed"));
  }
  for (CURL* easy : std::exchange(idle_, {})) curl_easy_cleanup(easy);
  curl_multi_cleanup(std::exchange(multi_, nullptr));
  curl_share_cleanup(std::exchange(share_, nullptr));
  while (!watches_.empty()) unwatch(watches_.begin()->first);
  uv_timer_stop(timer_);
  close_and_free(std::exchange(timer_, nullptr));
}

base::Result<void> CurlMulti::start(CurlTransfer& transfer) {
  if (multi_ == nullptr) return base::fail(base::ErrorCode::kClosed, "the HTTP client is closed");
  CURL* easy = take_easy();
  if (easy == nullptr) return base::fail(base::ErrorCode::kUnavailable, "libcurl has no handle left");
  auto ready = set_defaults(easy);
  if (ready) ready = transfer.configure(easy);
  if (ready && curl_multi_add_handle(multi_, easy) != CURLM_OK)
    ready = base::fail(base::ErrorCode::kUnavailable, "libcurl refused the request");
  if (!ready) {
    give_back(easy);
    return ready;
  }
  transfer.easy_ = easy;
  transfer.multi_ = this;
  transfers_.insert(&transfer);
  return {};
}

void CurlMulti::stop(CurlTransfer& transfer) {
  if (transfers_.erase(&transfer) == 0) return;
  CURL* easy = std::exchange(transfer.easy_, nullptr);
  curl_multi_remove_handle(multi_, easy);
  give_back(easy);
}

CURL* CurlMulti::take_easy() {
  if (idle_.empty()) return curl_easy_init();
  CURL* easy = idle_.back();
  idle_.pop_back();
  return easy;
}

void CurlMulti::give_back(CURL* easy) {
  curl_easy_reset(easy);  // forgets the request, also its secrets
  if (idle_.size() < kIdleHandles) {
    idle_.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
}

base::Result<void> CurlMulti::set_defaults(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set_proxy(easy);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  if (!settings_.user_agent.empty()) curl_easy_setopt(easy, CURLOPT_USERAGENT, settings_.user_agent.c_str());
  if (settings_.ca_file.empty()) return {};
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, this);
  if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &CurlMulti::on_tls_context) == CURLE_OK) return {};
  return base::fail(base::ErrorCode::kUnavailable, "this libcurl cannot take extra trusted roots");
}

void CurlMulti::set_proxy(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // not the exceptions of the environment
  const Proxy* proxy = egress_.proxy();
  if (proxy == nullptr) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");  // not that of the environment
    return;
  }
  curl_easy_setopt(easy, CURLOPT_PROXY, egress_.description().c_str());
  // Also for http:// targets: a proxy that refuses is then an error and not an answer.
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, proxy->is_socks() ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_SOCKS5_AUTH, static_cast<long>(CURLAUTH_BASIC));
  if (!proxy->has_credentials()) return;
  curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, proxy->user.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, proxy->password.c_str());
  curl_easy_setopt(easy, CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
}

CURLcode CurlMulti::on_tls_context(CURL*, void* tls, void* self) {
  const auto& file = static_cast<CurlMulti*>(self)->settings_.ca_file;
  return add_trusted_roots(static_cast<SSL_CTX*>(tls), file) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

void CurlMulti::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
  collect_finished();
}

void CurlMulti::collect_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message is gone once the handle is removed
    void* data = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data);
    auto& transfer = *static_cast<CurlTransfer*>(data);
    transfers_.erase(&transfer);
    transfer.finish(code);
    transfer.easy_ = nullptr;
    curl_multi_remove_handle(multi_, easy);
    give_back(easy);
  }
}

int CurlMulti::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (what != CURL_POLL_REMOVE) {
    multi.watch(socket, what);
  } else if (multi.sockets_.contains(socket)) {
    const auto found = multi.watches_.find(socket);
    if (found != multi.watches_.end()) uv_poll_stop(&found->second->poll);
  } else {
    multi.unwatch(socket);  // one that curl made itself and closes behind our back, as its resolver does
  }
  return 0;
}

void CurlMulti::watch(curl_socket_t socket, int what) {
  Watch*& watch = watches_[socket];
  if (watch == nullptr) {
    watch = new Watch;
    watch->socket = socket;
    uv_poll_init_socket(loop_.uv(), &watch->poll, socket);
    watch->poll.data = this;
  }
  const int events =
      ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) | ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
  uv_poll_start(&watch->poll, events, [](uv_poll_t* poll, int status, int ready) {
    auto* multi = static_cast<CurlMulti*>(poll->data);
    if (multi == nullptr) return;
    const int flags = status < 0 ? CURL_CSELECT_ERR
                                 : ((ready & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
                                       ((ready & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    multi->act(reinterpret_cast<Watch*>(poll)->socket, flags);
  });
}

void CurlMulti::unwatch(curl_socket_t socket) {
  const auto found = watches_.find(socket);
  if (found == watches_.end()) return;
  Watch* watch = found->second;
  watches_.erase(found);
  watch->poll.data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll),
           [](uv_handle_t* closed) { delete reinterpret_cast<Watch*>(closed); });
}

int CurlMulti::close_socket(void* self, curl_socket_t socket) {
  auto& multi = *static_cast<CurlMulti*>(self);
  multi.unwatch(socket);
  multi.sockets_.erase(socket);
  return ::close(socket);
}

int CurlMulti::on_timer(CURLM*, long timeout_ms, void* self) {
  static_cast<CurlMulti*>(self)->restart_timer(timeout_ms);
  return 0;
}

void CurlMulti::restart_timer(long timeout_ms) {
  if (timer_ == nullptr) return;
  if (timeout_ms < 0) {
    uv_timer_stop(timer_);
    return;
  }
  uv_update_time(loop_.uv());
  const auto expired = [](uv_timer_t* timer) {
    if (auto* multi = static_cast<CurlMulti*>(timer->data)) multi->act(CURL_SOCKET_TIMEOUT, 0);
  };
  uv_timer_start(timer_, expired, static_cast<std::uint64_t>(timeout_ms), 0);
}

}  // namespace runtime
