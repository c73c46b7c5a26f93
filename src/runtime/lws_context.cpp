#include "runtime/lws_context.h"

#include <sys/socket.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "base/log.h"
#include "runtime/tls_roots.h"

namespace runtime {
namespace {

constexpr std::size_t kReceiveBuffer = 1024;    // per WebSocket client; libwebsockets' default is 4 KB
constexpr std::size_t kWriteSize = 64 * 1024;   // per write to a socket
constexpr unsigned kServiceBuffer = 16 * 1024;  // per loop: one read, or one upgrade request
constexpr unsigned kHandshakeTimeout = 120;     // seconds; a backstop, the deadlines are ours
constexpr char kProtocol[] = "wa";

// libwebsockets' start and end touch globals of the process; loops may start on several threads.
std::mutex g_lifecycle;
thread_local bool t_making_vhost = false;
thread_local lws* t_attempt = nullptr;  // the connection that connect() is making

void write_log(int level, const char* line) {
  // It complains about the empty proxy that keeps it from reading $http_proxy.
  if (t_making_vhost && level == LLL_ERR &&
      std::string_view{line}.find("http_proxy") != std::string_view::npos)
    return;
  std::string text = line;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (level == LLL_ERR) {
    base::Log{}.error(text, {{"from", "libwebsockets"}});
  } else {
    base::Log{}.warn(text, {{"from", "libwebsockets"}});
  }
}

bool concerns_a_connection(lws_callback_reasons reason) {
  switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_WSI_DESTROY:
      return true;
    default:
      return false;  // then `wsi` may be a fake without connection
  }
}

int dispatch(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
  if (reason == LWS_CALLBACK_CLIENT_HTTP_BIND_PROTOCOL) t_attempt = wsi;
  if (!concerns_a_connection(reason)) return 0;
  auto* connection = static_cast<LwsConnection*>(lws_get_opaque_user_data(wsi));
  return connection == nullptr ? 0 : connection->on_lws(wsi, reason, in, size);
}

const lws_protocols kProtocols[] = {
    {kProtocol, dispatch, 0, kReceiveBuffer, 0, nullptr, kWriteSize},
    {nullptr, nullptr, 0, 0, 0, nullptr, 0},
};

// No pings of its own: the protocols above have their own signs of life.
constexpr lws_retry_bo_t kNoValidityPings{nullptr, 0, 0, 0, 0, 0};

std::uint64_t context_options() {
  // The global TLS set-up must happen once: it renumbers what running handshakes look up.
  static std::atomic<bool> done{false};
  const bool first = !done.exchange(true);
  return LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
         (first ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
}

}  // namespace

LwsContext::LwsContext(EventLoop& loop) : loop_(loop) {
  const std::scoped_lock lock(g_lifecycle);
  lws_set_log_level(LLL_ERR | LLL_WARN, write_log);
  void* loops[] = {loop_.uv()};
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.options = context_options();
  info.foreign_loops = loops;
  info.pt_serv_buf_size = kServiceBuffer;
  info.timeout_secs = kHandshakeTimeout;
  info.pcontext = &context_;
  info.gid = info.uid = static_cast<decltype(info.uid)>(-1);
  context_ = lws_create_context(&info);
}

LwsContext::~LwsContext() {
  if (context_ == nullptr) return;
  const std::scoped_lock lock(g_lifecycle);
  lws_context_destroy(context_);  // closes every connection, and tells them
  turn_until_handles_are_closed();
  lws_context_destroy(context_);
}

void LwsContext::turn_until_handles_are_closed() {
  bool closing = true;
  while (closing) {
    uv_run(loop_.uv(), UV_RUN_NOWAIT);
    closing = false;
    uv_walk(
        loop_.uv(),
        [](uv_handle_t* handle, void* found) {
          if (uv_is_closing(handle) != 0) *static_cast<bool*>(found) = true;
        },
        &closing);
  }
}

base::Result<void> LwsContext::check() const {
  if (context_ != nullptr) return {};
  return base::fail(base::ErrorCode::kUnavailable,
                    "libwebsockets cannot run on libuv; is its plug-in installed "
                    "(Debian package libwebsockets-evlib-uv)?");
}

base::Result<lws_vhost*> LwsContext::make_vhost(lws_context_creation_info& info, std::string name) {
  WA_TRY_VOID(check());
  info.vhost_name = names_.emplace_back(std::make_unique<std::string>(std::move(name)))->c_str();
  info.protocols = kProtocols;
  info.alpn = "http/1.1";
  info.http_proxy_address = "";  // otherwise $http_proxy is obeyed
  info.connect_timeout_secs = kHandshakeTimeout;
  info.retry_and_idle_policy = &kNoValidityPings;
  t_making_vhost = true;
  lws_vhost* vhost = lws_create_vhost(context_, &info);
  t_making_vhost = false;
  if (vhost == nullptr) return base::fail(base::ErrorCode::kIo, "libwebsockets refused its configuration");
  return vhost;
}

base::Result<lws_vhost*> LwsContext::client_vhost(const std::vector<std::string>& ca_files) {
  std::string name = "client";
  for (const std::string& file : ca_files) name.append(" ").append(file);
  if (const auto found = vhosts_.find(name); found != vhosts_.end()) return found->second;

  std::unique_ptr<SSL_CTX, SslContextDeleter> tls(SSL_CTX_new(TLS_client_method()));
  if (!tls) return base::fail(base::ErrorCode::kCrypto, "OpenSSL cannot make a TLS context");
  SSL_CTX_set_min_proto_version(tls.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(tls.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_verify_paths(tls.get());
  for (const std::string& file : ca_files) WA_TRY_VOID(add_trusted_roots(tls.get(), file));

  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN;
  info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;  // for a vhost it means: TLS is allowed here
  info.provided_client_ssl_ctx = tls.get();
  WA_TRY(lws_vhost * vhost, make_vhost(info, name));
  ssl_contexts_.push_back(std::move(tls));
  vhosts_.emplace(std::move(name), vhost);
  return vhost;
}

base::Result<lws_vhost*> LwsContext::plain_server_vhost() {
  if (const auto found = vhosts_.find("server"); found != vhosts_.end()) return found->second;
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  WA_TRY(lws_vhost * vhost, make_vhost(info, "server"));
  vhosts_.emplace("server", vhost);
  return vhost;
}

base::Result<lws_vhost*> LwsContext::tls_server_vhost(const std::string& certificate,
                                                      const std::string& key) {
  lws_context_creation_info info{};
  info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
  info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
  info.ssl_cert_filepath = certificate.c_str();
  info.ssl_private_key_filepath = key.c_str();
  auto vhost = make_vhost(info, "tls server " + certificate);
  if (!vhost) return base::fail(std::move(vhost).error().within("TLS certificate " + certificate));
  return vhost;
}

bool LwsContext::adopt(lws_vhost* vhost, int socket, LwsConnection& connection) {
  lws_adopt_desc_t info{};
  info.vh = vhost;
  info.type = static_cast<lws_adoption_type>(LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL);
  info.fd.sockfd = socket;
  info.vh_prot_name = kProtocol;
  info.opaque = &connection;
  return lws_adopt_descriptor_vhost_via_info(&info) != nullptr;
}

lws* LwsContext::connect(lws_client_connect_info& info, LwsConnection& connection) {
  info.context = context_;
  info.local_protocol_name = kProtocol;
  info.ietf_version_or_minus_one = -1;
  info.alpn = "http/1.1";
  info.retry_and_idle_policy = &kNoValidityPings;
  info.opaque_user_data = &connection;
  t_attempt = nullptr;
  lws* wsi = lws_client_connect_via_info(&info);
  if (wsi == nullptr && t_attempt != nullptr) free_failed_attempt(loop_.uv(), t_attempt);
  return wsi;
}

void set_reading(lws* wsi, bool on) {
  lws_rx_flow_control(wsi, on ? 1 : 0);
  if (on) lws_callback_on_writable(wsi);  // an event, after which it also looks at decrypted bytes
}

void kill(lws* wsi) {
  // It would try to flush first and wait for the peer; without a connection there is nothing to wait for.
  const int socket = lws_get_socket_fd(wsi);
  if (socket >= 0) ::shutdown(socket, SHUT_RDWR);
  lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

void free_failed_attempt(uv_loop_t* loop, const lws* wsi) {
  uv_walk(
      loop,
      [](uv_handle_t* handle, void* failed) {
        if (handle->type != UV_POLL || handle->data != failed) return;
        if (uv_is_active(handle) != 0 || uv_is_closing(handle) != 0) return;
        handle->data = nullptr;
        uv_close(handle, [](uv_handle_t* closed) { std::free(closed); });  // as libwebsockets allocates
      },
      const_cast<lws*>(wsi));
}

}  // namespace runtime
