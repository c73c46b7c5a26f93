#include "runtime/http_request_parser.h"

#include <algorithm>
#include <charconv>

namespace runtime {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

template <class Number>
bool read_number(std::string_view text, Number& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

std::size_t count_of(const HttpHeaders& headers, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [name](const auto& item) { return same_header_name(item.first, name); }));
}

bool is_target(std::string_view target) {
  return std::ranges::all_of(target,
                             [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; });
}

}  // namespace

bool has_word(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    if (same_header_name(trimmed(value.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
  return false;
}

bool RawHttpRequest::keep_alive() const {
  const std::string_view connection = header(headers, "Connection");
  if (has_word(connection, "close")) return false;
  return minor_version >= 1 || has_word(connection, "keep-alive");
}

bool RawHttpRequest::wants_web_socket() const {
  return method == "GET" && minor_version >= 1 && has_word(header(headers, "Upgrade"), "websocket") &&
         has_word(header(headers, "Connection"), "upgrade");
}

HttpRequestParser::Progress HttpRequestParser::feed(std::string_view& bytes) {
  for (;;) {
    if (state_ == State::kComplete) return Progress::kComplete;
    if (state_ == State::kRefused) return Progress::kRefused;
    const std::size_t before = bytes.size();
    const State state = state_;
    const Progress progress = step(bytes);
    if (progress != Progress::kNeedMore) return progress;
    if (bytes.size() == before && state_ == state) return Progress::kNeedMore;
  }
}

HttpRequestParser::Progress HttpRequestParser::step(std::string_view& bytes) {
  switch (state_) {
    case State::kHead:
      return take_line(bytes) ? on_head_line() : Progress::kNeedMore;
    case State::kBody:
      return take_body(bytes, State::kComplete);
    case State::kChunkSize:
      return take_line(bytes) ? on_chunk_size() : Progress::kNeedMore;
    case State::kChunk:
      return take_body(bytes, State::kChunkEnd);
    case State::kChunkEnd:
      return take_line(bytes) ? on_chunk_end() : Progress::kNeedMore;
    case State::kTrailer:
      return take_line(bytes) ? on_trailer() : Progress::kNeedMore;
    case State::kComplete:
    case State::kRefused:
      break;
  }
  return Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::refuse(int status) {
  state_ = State::kRefused;
  refusal_ = status;
  return Progress::kRefused;
}

bool HttpRequestParser::take_line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view part = bytes.substr(0, end);
  if (head_bytes_ + part.size() + 1 > kMaxHead) {
    refuse(request_.method.empty() ? 414 : 431);
    return false;
  }
  head_bytes_ += part.size() + (end == std::string_view::npos ? 0 : 1);
  line_.append(part);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (end == std::string_view::npos) return false;
  if (line_.empty() || line_.back() != '\r') {
    refuse(400);  // a bare LF; two parsers could see two different requests
    return false;
  }
  line_.pop_back();
  return true;
}

HttpRequestParser::Progress HttpRequestParser::on_head_line() {
  const Progress progress = request_.method.empty() ? on_request_line()
                            : line_.empty()         ? on_head_end()
                                                    : on_header_line();
  line_.clear();
  return progress;
}

HttpRequestParser::Progress HttpRequestParser::on_request_line() {
  if (line_.empty() && head_bytes_ <= 4) return Progress::kNeedMore;  // an empty line before it is tolerated
  const std::string_view line = line_;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) return refuse(400);
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_header_name(method) || target.empty() || !is_target(target)) return refuse(400);
  if (!version.starts_with("HTTP/")) return refuse(400);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(505);
  if (target.front() != '/' && target != "*") return refuse(400);
  request_.method = method;
  request_.target = target;
  request_.minor_version = version.back() - '0';
  return Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::on_header_line() {
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_header_name(line.substr(0, colon))) return refuse(400);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_header_value(value)) return refuse(400);
  if (request_.headers.size() == kMaxHeaders) return refuse(431);
  request_.headers.emplace_back(line.substr(0, colon), value);
  return Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::on_head_end() {
  const std::size_t lengths = count_of(request_.headers, "Content-Length");
  const std::size_t codings = count_of(request_.headers, "Transfer-Encoding");
  if (request_.minor_version == 1 && count_of(request_.headers, "Host") != 1) return refuse(400);
  if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) return refuse(400);
  if (codings == 1) {
    if (!same_header_name(header(request_.headers, "Transfer-Encoding"), "chunked")) return refuse(501);
    head_bytes_ = 0;
    state_ = State::kChunkSize;
    return Progress::kHeadDone;
  }
  if (lengths == 1 && !read_number(header(request_.headers, "Content-Length"), body_left_, 10))
    return refuse(400);
  if (body_left_ > max_body_) return refuse(413);
  state_ = body_left_ == 0 ? State::kComplete : State::kBody;
  return body_left_ == 0 ? Progress::kComplete : Progress::kHeadDone;
}

HttpRequestParser::Progress HttpRequestParser::take_body(std::string_view& bytes, State then) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), body_left_));
  request_.body.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  body_left_ -= size;
  if (body_left_ == 0) state_ = then;
  return state_ == State::kComplete ? Progress::kComplete : Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::on_chunk_size() {
  const std::string_view size = trimmed(std::string_view{line_}.substr(0, line_.find(';')));
  const bool valid = size.size() <= 16 && read_number(size, body_left_, 16);
  line_.clear();
  head_bytes_ = 0;
  if (!valid) return refuse(400);
  if (body_left_ > max_body_ - request_.body.size()) return refuse(413);
  state_ = body_left_ == 0 ? State::kTrailer : State::kChunk;
  return Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::on_chunk_end() {
  if (!line_.empty()) return refuse(400);
  state_ = State::kChunkSize;
  return Progress::kNeedMore;
}

HttpRequestParser::Progress HttpRequestParser::on_trailer() {
  const bool end = line_.empty();
  line_.clear();  // trailers are read over
  if (!end) return Progress::kNeedMore;
  state_ = State::kComplete;
  return Progress::kComplete;
}

}  // namespace runtime
