#include "simulator/media_host/media_exchange.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/encoding.h"
#include "crypto/sha256_state.h"
#include "runtime/http_request_parser.h"
#include "runtime/json.h"

namespace simulator {
namespace {

using base::Result;

constexpr std::size_t kPiece = 64 * 1024;
/// What an encrypted file is longer than a multiple of the block by.
constexpr std::uint64_t kMacSize = 10;
constexpr std::uint64_t kBlock = 16;

std::optional<std::uint64_t> number_from(std::string_view text, int base = 10) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

/// base64 of the URL alphabet, with or without padding.
std::string unpadded(std::string token) {
  while (token.ends_with('=')) token.pop_back();
  return token;
}

std::string value_of(const std::map<std::string, std::string>& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? std::string{} : found->second;
}

bool has_right_length(std::string_view type, std::uint64_t size) {
  if (type.starts_with("newsletter")) return true;
  return size >= kBlock + kMacSize && (size - kMacSize) % kBlock == 0;
}

/// "bytes=100-" or "bytes=100-199", as [begin, end). Empty: none, or one that is not understood.
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=")) return std::nullopt;
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  const auto begin = number_from(header.substr(0, dash));
  if (!begin || dash == std::string_view::npos) return std::nullopt;
  const auto last = number_from(header.substr(dash + 1));
  return std::pair{*begin, last ? std::min(*last + 1, size) : size};
}

}  // namespace

std::optional<MediaExchange::Request> MediaExchange::parse(const std::string& head) {
  runtime::HttpRequestParser parser(0);
  // Only the head is the parser's business; a length would make it wait for, and limit, the body.
  std::string without_length;
  runtime::HttpHeaders framing;
  std::size_t begin = 0;
  while (begin < head.size()) {
    const std::size_t end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end - begin);
    begin = end + 2;
    const std::size_t colon = line.find(':');
    const std::string_view name = std::string_view{line}.substr(0, colon);
    if (colon != std::string::npos && (runtime::same_header_name(name, "Content-Length") ||
                                       runtime::same_header_name(name, "Transfer-Encoding"))) {
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      framing.emplace_back(name, value == std::string::npos ? "" : line.substr(value));
    } else {
      without_length += line + "\r\n";
    }
  }
  std::string_view bytes = without_length;
  if (parser.feed(bytes) != runtime::HttpRequestParser::Progress::kComplete) return std::nullopt;
  runtime::RawHttpRequest raw = parser.take();
  Request request;
  request.method = std::move(raw.method);
  request.target = raw.target;
  request.headers = std::move(raw.headers);
  request.headers.insert(request.headers.end(), framing.begin(), framing.end());
  const std::size_t mark = raw.target.find('?');
  request.path = runtime::path_decode(raw.target.substr(0, mark));
  std::string_view rest =
      mark == std::string::npos ? std::string_view{} : std::string_view{raw.target}.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    // A '+' in a path's query is itself here: what must be escaped is.
    request.query[runtime::path_decode(pair.substr(0, equals))] =
        runtime::path_decode(pair.substr(std::min(equals + 1, pair.size())));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
  }
  return request;
}

bool MediaExchange::serve() {
  const auto head = stream_.read_head();
  if (!head) return false;
  const auto request = parse(*head);
  if (!request) {
    answer(400, "");
    return false;
  }
  body_left_ = number_from(runtime::header(request->headers, "Content-Length")).value_or(0);
  framing_ = runtime::has_word(runtime::header(request->headers, "Transfer-Encoding"), "chunked")
                 ? Framing::kChunked
                 : Framing::kLength;
  bool keep = true;
  if (meets_fault(*request, keep)) return keep;
  return dispatch(*request) && !runtime::has_word(runtime::header(request->headers, "Connection"), "close");
}

bool MediaExchange::dispatch(const Request& request) {
  if (request.method == "POST") return upload(request);
  if (request.method == "GET") return download(request);
  if (request.method == "DELETE") return remove(request);
  return refuse_early(request, 405);
}

/// Takes a fault; true if it has been the answer.
bool MediaExchange::meets_fault(const Request& request, bool& keep) {
  const bool up = request.method == "POST";
  fault_ = store_.take_fault({.on = up ? MediaFault::On::kUpload : MediaFault::On::kDownload,
                              .host = host_,
                              .path = request.target});
  if (!fault_) return false;
  if (fault_->delay.count() > 0) std::this_thread::sleep_for(fault_->delay);
  switch (fault_->kind) {
    case MediaFault::Kind::kStatus: {
      runtime::HttpHeaders headers;
      if (!fault_->text.empty()) headers.emplace_back("Retry-After", fault_->text);
      keep = skip_body(request) && answer(fault_->code, R"({"error":"injected"})", headers);
      return true;
    }
    case MediaFault::Kind::kRedirect:
      keep = skip_body(request) && answer(302, "", {{"Location", fault_->text}});
      return true;
    case MediaFault::Kind::kReset:
      keep = false;
      return true;
    default:
      return false;
  }
}

bool MediaExchange::refuse_early(const Request& request, int status) {
  return skip_body(request) && answer(status, "");
}

// ---- uploads ----------------------------------------------------------------------------------------

bool MediaExchange::upload(const Request& request) {
  const std::size_t slash = request.path.rfind('/');
  const std::string token = unpadded(request.path.substr(slash + 1));
  std::string type = request.path.substr(0, slash);
  type = type.substr(type.rfind('/') + 1);
  if (token.size() != 43 || type.empty()) return refuse_early(request, 404);
  if (!store_.accepts_auth(value_of(request.query, "auth"))) {
    store_.count(&MediaCounters::bad_auth);
    return refuse_early(request, 401);
  }
  if (unpadded(value_of(request.query, "token")) != token) {
    store_.count(&MediaCounters::bad_uploads);
    return refuse_early(request, 400);
  }
  if (request.query.contains("resume")) return resume_state(request);
  return accept_body(request, type, token);
}

/// How much of the file is here: everything, the first part, or nothing.
bool MediaExchange::resume_state(const Request& request) {
  const std::string token = unpadded(value_of(request.query, "token"));
  if (!skip_body(request)) return false;
  const auto hash = base::from_base64(token, base::Base64::kUrlNoPadding);
  const auto object = hash ? store_.find_by_hash(base::to_fixed<32>(*hash)) : std::nullopt;
  if (object) return answer_stored(*object);
  return answer(200, runtime::to_text({{"resume", std::to_string(store_.partial_size(token))}}));
}

bool MediaExchange::accept_body(const Request& request, const std::string& type, const std::string& token) {
  const std::uint64_t offset = number_from(value_of(request.query, "file_offset")).value_or(0);
  if (offset > store_.partial_size(token)) return refuse_early(request, 416);
  const Result<std::filesystem::path> file = offset > 0 ? store_.partial_file(token) : store_.new_file();
  if (!file) return refuse_early(request, 507);
  const auto received = take_body(request, *file, offset);
  if (!received) {
    store_.keep_partial(*file, token);
    return false;
  }
  return finish_upload(*file, *received, type, token);
}

std::optional<MediaExchange::Received> MediaExchange::take_body(const Request& request,
                                                                const std::filesystem::path& file,
                                                                std::uint64_t offset) {
  crypto::Sha256State hash;
  base::Bytes piece(kPiece);
  std::uint64_t size = 0;
  if (offset > 0) {
    std::error_code ignored;
    std::filesystem::resize_file(file, offset, ignored);
    std::ifstream before(file, std::ios::binary);
    while (before.read(reinterpret_cast<char*>(piece.data()), kPiece) || before.gcount() > 0) {
      hash.update(base::ByteView{piece}.first(static_cast<std::size_t>(before.gcount())));
      size += static_cast<std::uint64_t>(before.gcount());
    }
  }
  std::ofstream out(file, offset > 0 ? std::ios::binary | std::ios::app : std::ios::binary | std::ios::trunc);
  const bool truncated = fault_ && fault_->kind == MediaFault::Kind::kTruncate;
  while (body_left_ > 0 || framing_ == Framing::kChunked) {
    piece.resize(kPiece);
    const std::size_t got = read_body(request, piece);
    if (got == 0) break;
    piece.resize(got);
    damage(piece, size);
    hash.update(piece);
    out.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(got));
    size += got;
    store_.count(&MediaCounters::bytes_up, got);
    pace(got);
    if (truncated && size >= fault_->bytes) return std::nullopt;
  }
  if (body_left_ > 0 || framing_ == Framing::kChunked || !out.flush()) return std::nullopt;
  return Received{hash.finish(), size};
}

bool MediaExchange::finish_upload(const std::filesystem::path& file, const Received& received,
                                  const std::string& type, const std::string& token) {
  const std::string real = base::to_base64(received.hash, base::Base64::kUrlNoPadding);
  if (real != token || !has_right_length(type, received.size)) {
    store_.count(&MediaCounters::bad_uploads);
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return answer(400, R"({"error":"the name is not the hash of the bytes, or the length is impossible"})");
  }
  const auto object = store_.add(file, received.hash, received.size, type);
  if (!object) return answer(507, "");
  store_.count(&MediaCounters::uploads);
  if (fault_ && fault_->kind == MediaFault::Kind::kBadJson) return answer(200, fault_->text);
  return answer_stored(*object);
}

bool MediaExchange::answer_stored(const MediaObject& object) {
  nlohmann::json body{{"url", "https://" + host_ + object.direct_path},
                      {"direct_path", object.direct_path},
                      {"object_id", object.id},
                      {"resume", "complete"}};
  if (!object.handle.empty()) body["handle"] = object.handle;
  return answer(200, runtime::to_text(body), {{"Content-Type", "application/json"}});
}

// ---- downloads --------------------------------------------------------------------------------------

bool MediaExchange::download(const Request& request) {
  const auto object = store_.find(request.path);
  const std::string hash = value_of(request.query, "hash");
  const bool other_file =
      object && !hash.empty() && unpadded(hash) != base::to_base64(object->hash, base::Base64::kUrlNoPadding);
  if (!object || object->gone != 0 || other_file) {
    store_.count(&MediaCounters::not_found);
    return refuse_early(request, object && object->gone != 0 ? object->gone : 404);
  }
  const auto range = range_of(runtime::header(request.headers, "Range"), object->size);
  if (!range) return send_file(*object, 0, object->size, false);
  if (range->first >= object->size || range->second <= range->first)
    return answer(416, "", {{"Content-Range", "bytes */" + std::to_string(object->size)}});
  store_.count(&MediaCounters::ranges);
  return send_file(*object, range->first, range->second, true);
}

bool MediaExchange::send_file(const MediaObject& object, std::uint64_t begin, std::uint64_t end,
                              bool partial) {
  std::ifstream file(object.file, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(begin));
  if (!file) return answer(500, "");
  std::string head = partial ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n";
  head += "Content-Type: application/octet-stream\r\nAccept-Ranges: bytes\r\nContent-Length: " +
          std::to_string(end - begin) + "\r\n";
  if (partial)
    head += "Content-Range: bytes " + std::to_string(begin) + '-' + std::to_string(end - 1) + '/' +
            std::to_string(object.size) + "\r\n";
  if (!stream_.write(head + "\r\n")) return false;
  const bool truncated = fault_ && fault_->kind == MediaFault::Kind::kTruncate;
  const std::uint64_t stop = truncated ? std::min(end, begin + fault_->bytes) : end;
  base::Bytes piece;
  for (std::uint64_t at = begin; at < stop;) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, stop - at)));
    file.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    if (!file) return false;
    damage(piece, at);
    if (!stream_.write(piece)) return false;
    at += piece.size();
    pace(piece.size());
  }
  if (stop < end) return false;
  store_.note_download(object.id, end - begin);
  return true;
}

bool MediaExchange::remove(const Request& request) {
  if (!store_.accepts_auth(value_of(request.query, "auth"))) {
    store_.count(&MediaCounters::bad_auth);
    return refuse_early(request, 401);
  }
  const auto hash = base::from_base64(unpadded(request.path.substr(request.path.rfind('/') + 1)),
                                      base::Base64::kUrlNoPadding);
  const bool removed = hash && store_.remove(base::to_fixed<32>(*hash));
  if (removed) store_.count(&MediaCounters::deletes);
  return refuse_early(request, removed ? 200 : 404);
}

// ---- bytes ------------------------------------------------------------------------------------------

std::size_t MediaExchange::read_body(const Request&, base::MutableByteView room) {
  if (body_left_ == 0 && framing_ == Framing::kChunked) {
    auto line = stream_.read_line();
    if (line && line->empty()) line = stream_.read_line();  // the end of the chunk before
    const auto size = line ? number_from(*line, 16) : std::nullopt;
    if (!size) return 0;
    if (*size == 0) {
      while (line && !line->empty()) line = stream_.read_line();
      framing_ = Framing::kChunkedEnd;
      return 0;
    }
    body_left_ = *size;
  }
  if (body_left_ == 0) return 0;
  const std::size_t got =
      stream_.read(room.first(static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), body_left_))));
  body_left_ -= got;
  return got;
}

bool MediaExchange::skip_body(const Request& request) {
  base::Bytes room(kPiece);
  while (read_body(request, room) > 0) {
  }
  return body_left_ == 0 && framing_ != Framing::kChunked;
}

bool MediaExchange::answer(int status, std::string_view body, const runtime::HttpHeaders& headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + ' ' +
                     std::string{runtime::reason_phrase(status)} +
                     "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return stream_.write(text + "\r\n" + std::string{body});
}

/// Slows a transfer down to the fault's bytes per second.
void MediaExchange::pace(std::uint64_t bytes) const {
  if (!fault_ || fault_->kind != MediaFault::Kind::kSlow || fault_->bytes == 0) return;
  std::this_thread::sleep_for(std::chrono::microseconds(bytes * 1'000'000 / fault_->bytes));
}

void MediaExchange::damage(base::Bytes& piece, std::uint64_t position) const {
  if (!fault_ || fault_->kind != MediaFault::Kind::kCorrupt) return;
  if (fault_->bytes >= position && fault_->bytes < position + piece.size())
    piece[static_cast<std::size_t>(fault_->bytes - position)] ^= 0x01;
}

}  // namespace simulator
