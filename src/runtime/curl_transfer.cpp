#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/curl_multi.h"
#include "runtime/http_target.h"

namespace runtime {
namespace {

using base::ErrorCode;

// For the sink; above it the transfer pauses.
constexpr std::size_t kMostReceived = 256 * 1024;

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalidArgument;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

base::Result<void> CurlTransfer::configure(CURL* easy) {
  if (!is_header_name(request_.method))
    return base::fail(ErrorCode::kInvalidArgument, "not an HTTP method: " + request_.method);
  WA_TRY_VOID(add_headers());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_lines_);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  // A stream that is paused must not hold up others on its connection.
  if (request_.source != nullptr || request_.sink != nullptr)
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_method(easy);
  return {};
}

base::Result<void> CurlTransfer::add_headers() {
  const auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_lines_, line.c_str());
    if (longer != nullptr) header_lines_ = longer;
  };
  for (const auto& [name, value] : request_.headers) {
    if (!is_header_name(name) || !is_header_value(value))
      return base::fail(ErrorCode::kInvalidArgument, "not a valid header: " + name);
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  // curl's own ideas: a form as the type of any body, and waiting a second for a 100.
  if (header(request_.headers, "Content-Type").empty()) append("Content-Type:");
  append("Expect:");
  return {};
}

void CurlTransfer::set_method(CURL* easy) {
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request_.source != nullptr) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.source->length()));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &CurlTransfer::on_wanted);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);  // an old one may turn out to be dead half-way
  } else {
    if (request_.method == "GET" && request_.body.empty()) return;
    const bool has_body = !request_.body.empty() || request_.method == "POST" || request_.method == "PUT" ||
                          request_.method == "PATCH";
    if (has_body) {
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());
    }
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

curl_socket_t CurlTransfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  CurlMulti& multi = *transfer.multi_;
  // The address itself, after every lookup: what a name promised before does not matter. Through a proxy it
  // is the proxy's, which the operator has chosen.
  const bool guarded = multi.addresses() == AddressPolicy::kPublicOnly && multi.egress().is_direct();
  if (guarded && !is_public(address->addr)) {
    transfer.own_error_ =
        base::Error{ErrorCode::kInvalidArgument, "the URL leads to an address that is not public"};
    return CURL_SOCKET_BAD;
  }
  const int socket =
      ::socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
  if (socket < 0) return CURL_SOCKET_BAD;
  multi.sockets_.insert(socket);
  transfer.own_error_.reset();  // another address of the host is public
  return socket;
}

// ---- receiving --------------------------------------------------------------------------------------

std::size_t CurlTransfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string_view line{bytes, size * count};
  const std::size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    transfer.response_.headers.clear();  // those before were of a 1xx answer
  } else if (colon != std::string_view::npos && transfer.response_.headers.size() < 256) {
    transfer.response_.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return line.size();
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t total = size * count;
  if (transfer.destination_ == Destination::kUnknown) {
    if (auto begun = transfer.begin_body(); !begun) return transfer.abort_with(std::move(begun).error());
  }
  if (transfer.destination_ == Destination::kSink)
    return transfer.keep({reinterpret_cast<const std::uint8_t*>(bytes), total});
  if (total > transfer.request_.max_response - transfer.response_.body.size())
    return transfer.abort_with({ErrorCode::kLimit, "the response is larger than allowed"});
  transfer.response_.body.append(bytes, total);
  if (transfer.request_.stall_timeout.count() > 0) transfer.wake();  // a sign of life
  return total;
}

base::Result<void> CurlTransfer::begin_body() {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  response_.status = static_cast<int>(status);
  destination_ = Destination::kResponse;
  const bool followed = request_.redirects.most > 0 && is_redirect(response_);
  if (request_.sink == nullptr || followed) return {};
  WA_TRY(const auto body, request_.sink->begin(response_));
  if (body == BodySink::Body::kToSink) destination_ = Destination::kSink;
  return {};
}

std::size_t CurlTransfer::keep(base::ByteView bytes) {
  if (received_.size() >= kMostReceived) {
    receive_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  base::append(received_, bytes);
  wake();
  return bytes.size();
}

base::Bytes CurlTransfer::take_received() {
  base::Bytes taken = std::exchange(received_, {});
  if (std::exchange(receive_paused_, false)) go_on();
  return taken;
}

// ---- sending ----------------------------------------------------------------------------------------

std::size_t CurlTransfer::on_wanted(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t left = transfer.outgoing_.size() - transfer.outgoing_at_;
  if (left == 0) {
    if (transfer.handed_over_ >= transfer.request_.source->length()) return 0;
    transfer.send_paused_ = true;
    transfer.wake();
    return CURL_READFUNC_PAUSE;
  }
  const std::size_t part = std::min(left, size * count);
  std::memcpy(bytes, transfer.outgoing_.data() + transfer.outgoing_at_, part);
  transfer.outgoing_at_ += part;
  transfer.handed_over_ += part;
  transfer.wake();  // a sign of life
  return part;
}

void CurlTransfer::give(base::Bytes bytes) {
  outgoing_ = std::move(bytes);
  outgoing_at_ = 0;
  send_paused_ = false;
  go_on();
}

std::size_t CurlTransfer::unsent() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  int waiting = 0;
  if (easy_ == nullptr || curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &socket) != CURLE_OK) return 0;
  if (socket == CURL_SOCKET_BAD || ioctl(socket, SIOCOUTQ, &waiting) != 0) return 0;
  return static_cast<std::size_t>(waiting);
}

// ---- ends -------------------------------------------------------------------------------------------

/// Never from inside one of curl's callbacks.
void CurlTransfer::go_on() {
  if (easy_ == nullptr) return;
  const int paused =
      (receive_paused_ ? CURLPAUSE_RECV : CURLPAUSE_CONT) | (send_paused_ ? CURLPAUSE_SEND : CURLPAUSE_CONT);
  curl_easy_pause(easy_, paused);
}

void CurlTransfer::wake() {
  if (news_ != nullptr) news_->set(Done{});
}

/// For curl's write callback: anything but the size it gave ends the transfer.
std::size_t CurlTransfer::abort_with(base::Error error) {
  own_error_ = std::move(error);
  return 0;
}

void CurlTransfer::finish(CURLcode code) {
  if (code == CURLE_OK && destination_ == Destination::kUnknown) {
    auto begun = begin_body();  // there was no body
    if (!begun) return end(base::fail(std::move(begun).error()));
  }
  if (code == CURLE_OK) return end(std::move(response_));
  if (own_error_) return end(base::fail(*own_error_));
  const char* text = error_text_[0] != '\0' ? error_text_.data() : curl_easy_strerror(code);
  end(base::fail(code_of(code), text));
}

void CurlTransfer::end(base::Result<HttpResponse> result) {
  easy_ = nullptr;
  result_ = std::move(result);
  wake();
}

}  // namespace runtime
