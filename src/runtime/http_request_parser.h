// HTTP/1.1 requests from a stream of bytes (RFC 9112): request line, headers, and a body by length or in
// chunks. Pure: bytes in, request out. Strict where leniency lets requests be smuggled: no folded
// headers, no space before the colon, no second or contradicting length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/http.h"

namespace runtime {

/// A request as it was written.
struct RawHttpRequest {
  std::string method;
  std::string target;  // origin form, e.g. "/queue?limit=5"
  int minor_version = 1;
  HttpHeaders headers;
  std::string body;

  /// Whether the client wants the connection kept.
  [[nodiscard]] bool keep_alive() const;
  /// Whether it asks for a WebSocket (RFC 6455 §4.2.1); the key is not checked.
  [[nodiscard]] bool wants_web_socket() const;
};

/// Whether `value`, a comma separated list, has `word` (any case).
bool has_word(std::string_view value, std::string_view word);

class HttpRequestParser {
 public:
  static constexpr std::size_t kMaxHead = 16 * 1024;  // request line and headers, bytes
  static constexpr std::size_t kMaxHeaders = 100;

  explicit HttpRequestParser(std::size_t max_body) : max_body_(max_body) {}

  enum class Progress { kNeedMore, kHeadDone, kComplete, kRefused };

  /// Takes bytes from the front of `bytes` and shortens it by them. kHeadDone comes once, when a body will
  /// follow: call again with what is left. After kComplete `bytes` holds what belongs to the next request;
  /// after kRefused answer with refusal() and close.
  Progress feed(std::string_view& bytes);

  /// The HTTP status that says what is wrong with the request.
  [[nodiscard]] int refusal() const { return refusal_; }
  [[nodiscard]] const RawHttpRequest& request() const { return request_; }
  [[nodiscard]] RawHttpRequest take() { return std::move(request_); }
  /// No byte of a request has come yet.
  [[nodiscard]] bool idle() const { return state_ == State::kHead && line_.empty() && head_bytes_ == 0; }
  [[nodiscard]] bool in_head() const { return state_ == State::kHead; }

 private:
  enum class State { kHead, kBody, kChunkSize, kChunk, kChunkEnd, kTrailer, kComplete, kRefused };

  Progress step(std::string_view& bytes);
  Progress refuse(int status);
  /// One line without its end; false while it is incomplete or was refused.
  bool take_line(std::string_view& bytes);
  Progress on_head_line();
  Progress on_request_line();
  Progress on_header_line();
  Progress on_head_end();
  Progress on_chunk_size();
  Progress take_body(std::string_view& bytes, State then);
  Progress on_chunk_end();
  Progress on_trailer();

  std::size_t max_body_;
  State state_ = State::kHead;
  int refusal_ = 0;
  std::string line_;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_left_ = 0;  // of the body or of the chunk
  RawHttpRequest request_;
};

}  // namespace runtime
