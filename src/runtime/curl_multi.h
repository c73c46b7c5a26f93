// libcurl's multi socket interface on the loop. Internal to this room.
//
// The sockets are opened and closed by us, so that libuv has let go of one before its number is free for
// another; curl alone would close it first, and libuv would end the process.
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/http_client.h"
#include "runtime/one_shot.h"

namespace runtime {

/// One request under way. Lives in the frame of the coroutine that waits for it.
class CurlTransfer {
 public:
  CurlTransfer(HttpRequest request, OneShot<HttpResponse>& done)
      : request_(std::move(request)), done_(done) {}
  ~CurlTransfer() { curl_slist_free_all(header_lines_); }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  [[nodiscard]] const HttpRequest& request() const { return request_; }
  base::Result<void> configure(CURL* easy);
  void finish(CURLcode code);
  void fail(base::Error error);

 private:
  base::Result<void> add_headers();
  void set_method(CURL* easy) const;
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);

  friend class CurlMulti;
  HttpRequest request_;
  OneShot<HttpResponse>& done_;
  CURL* easy_ = nullptr;  // while it runs
  curl_slist* header_lines_ = nullptr;
  HttpResponse response_;
  bool too_long_ = false;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

class CurlMulti {
 public:
  CurlMulti(EventLoop& loop, HttpClientSettings settings);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  base::Result<void> start(CurlTransfer& transfer);
  /// Aborts it if it still runs.
  void stop(CurlTransfer& transfer);
  /// Ends every transfer with kClosed and closes every connection.
  void shut_down();
  [[nodiscard]] EventLoop& loop() const { return loop_; }

 private:
  struct Watch;  // of one socket

  CURL* take_easy();
  void give_back(CURL* easy);
  base::Result<void> set_defaults(CURL* easy);
  void act(curl_socket_t socket, int events);
  void collect_finished();
  void watch(curl_socket_t socket, int what);
  void unwatch(curl_socket_t socket);
  void restart_timer(long timeout_ms);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t socket);
  static CURLcode on_tls_context(CURL* easy, void* tls, void* self);

  EventLoop& loop_;
  HttpClientSettings settings_;
  CURLM* multi_;
  CURLSH* share_;  // TLS sessions, for quick reconnects
  uv_timer_t* timer_;
  std::map<curl_socket_t, Watch*> watches_;
  std::set<curl_socket_t> sockets_;  // opened by open_socket()
  std::set<CurlTransfer*> transfers_;
  std::vector<CURL*> idle_;  // easy handles for the next requests
};

}  // namespace runtime
