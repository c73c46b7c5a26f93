// libcurl's multi socket interface on the loop. Internal to this room.
//
// The sockets are opened and closed by us, so that libuv has let go of one before its number is free for
// another; curl alone would close it first, and libuv would end the process.
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "runtime/http_client.h"
#include "runtime/one_shot.h"

namespace runtime {

class CurlMulti;

/// One request under way, for the coroutine that moves its bytes: it looks at what has come, gives what is
/// wanted, and sleeps until there is news. Lives in the frame of that coroutine.
class CurlTransfer {
 public:
  /// `request` must outlive it.
  explicit CurlTransfer(const HttpRequest& request) : request_(request) {}
  ~CurlTransfer() { curl_slist_free_all(header_lines_); }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  /// Whom to wake; nullptr: nobody waits.
  void tell(OneShot<Done>* news) { news_ = news; }

  /// Bytes for the sink.
  [[nodiscard]] bool has_received() const { return !received_.empty(); }
  base::Bytes take_received();

  /// The source is asked for more.
  [[nodiscard]] bool wants_bytes() const { return send_paused_; }
  void give(base::Bytes bytes);

  [[nodiscard]] bool finished() const { return result_.has_value(); }
  base::Result<HttpResponse> take_result() { return std::move(*result_); }

  /// Bytes that the kernel has not been able to send yet.
  [[nodiscard]] std::size_t unsent() const;

 private:
  base::Result<void> configure(CURL* easy);
  void finish(CURLcode code);
  void end(base::Result<HttpResponse> result);
  base::Result<void> add_headers();
  void set_method(CURL* easy);
  void go_on();
  void wake();
  std::size_t abort_with(base::Error error);
  base::Result<void> begin_body();
  std::size_t keep(base::ByteView bytes);

  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_wanted(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  friend class CurlMulti;
  const HttpRequest& request_;
  CurlMulti* multi_ = nullptr;  // while it runs
  CURL* easy_ = nullptr;        // while it runs
  OneShot<Done>* news_ = nullptr;
  curl_slist* header_lines_ = nullptr;
  HttpResponse response_;
  std::optional<base::Result<HttpResponse>> result_;
  std::optional<base::Error> own_error_;  // why we made curl stop
  std::array<char, CURL_ERROR_SIZE> error_text_{};

  enum class Destination { kUnknown, kSink, kResponse } destination_ = Destination::kUnknown;
  base::Bytes received_;
  bool receive_paused_ = false;

  base::Bytes outgoing_;
  std::size_t outgoing_at_ = 0;
  std::uint64_t handed_over_ = 0;  // bytes of the source that curl has taken
  bool send_paused_ = false;
};

class CurlMulti {
 public:
  CurlMulti(EventLoop& loop, HttpClientSettings settings, Egress egress, AddressPolicy addresses);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  base::Result<void> start(CurlTransfer& transfer);
  /// Aborts it if it still runs.
  void stop(CurlTransfer& transfer);
  /// Ends every transfer with kClosed and closes every connection.
  void shut_down();
  [[nodiscard]] EventLoop& loop() const { return loop_; }
  [[nodiscard]] const Egress& egress() const { return egress_; }
  [[nodiscard]] AddressPolicy addresses() const { return addresses_; }

 private:
  friend class CurlTransfer;
  struct Watch;  // of one socket

  CURL* take_easy();
  void give_back(CURL* easy);
  base::Result<void> set_defaults(CURL* easy);
  void set_proxy(CURL* easy);
  void act(curl_socket_t socket, int events);
  void collect_finished();
  void watch(curl_socket_t socket, int what);
  void unwatch(curl_socket_t socket);
  void restart_timer(long timeout_ms);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static int close_socket(void* self, curl_socket_t socket);
  static CURLcode on_tls_context(CURL* easy, void* tls, void* self);

  EventLoop& loop_;
  HttpClientSettings settings_;
  Egress egress_;
  AddressPolicy addresses_;
  CURLM* multi_;
  CURLSH* share_;  // TLS sessions, for quick reconnects
  uv_timer_t* timer_;
  std::map<curl_socket_t, Watch*> watches_;
  std::set<curl_socket_t> sockets_;  // opened by CurlTransfer::open_socket()
  std::set<CurlTransfer*> transfers_;
  std::vector<CURL*> idle_;  // easy handles for the next requests
};

}  // namespace runtime
