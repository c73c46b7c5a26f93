// One request to a media host and its answer: an upload, a download, a deletion (spec 06 §3, §4). Bodies go
// between socket and disk in pieces of 64 KiB.
//
// Strict where the real hosts are, as far as is known: an upload needs a valid token, and its name must be
// the hash of its bytes; a download that names a hash gets no other file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/http.h"
#include "simulator/media_host/media_store.h"
#include "simulator/media_host/tls_stream.h"

namespace simulator {

class MediaExchange {
 public:
  MediaExchange(MediaStore& store, TlsStream& stream, std::string host)
      : store_(store), stream_(stream), host_(std::move(host)) {}

  /// False: the connection is to be closed.
  bool serve();

 private:
  struct Request {
    std::string method;
    std::string path;                          // decoded
    std::map<std::string, std::string> query;  // decoded
    runtime::HttpHeaders headers;
    std::string target;  // as it was sent
  };
  struct Received {
    crypto::Sha256Digest hash{};
    std::uint64_t size = 0;
  };

  static std::optional<Request> parse(const std::string& head);
  bool dispatch(const Request& request);
  bool refuse_early(const Request& request, int status);
  bool upload(const Request& request);
  bool resume_state(const Request& request);
  bool accept_body(const Request& request, const std::string& type, const std::string& token);
  std::optional<Received> take_body(const Request& request, const std::filesystem::path& file,
                                    std::uint64_t offset);
  bool finish_upload(const std::filesystem::path& file, const Received& received, const std::string& type,
                     const std::string& token);
  bool download(const Request& request);
  bool send_file(const MediaObject& object, std::uint64_t begin, std::uint64_t end, bool partial);
  bool remove(const Request& request);
  std::size_t read_body(const Request& request, base::MutableByteView room);
  bool skip_body(const Request& request);
  bool answer(int status, std::string_view body, const runtime::HttpHeaders& headers = {});
  bool answer_stored(const MediaObject& object);
  bool meets_fault(const Request& request, bool& keep);
  void pace(std::uint64_t bytes) const;
  void damage(base::Bytes& piece, std::uint64_t position) const;

  MediaStore& store_;
  TlsStream& stream_;
  std::string host_;
  std::optional<MediaFault> fault_;  // of this request, unless it was answered with it
  // The body's framing.
  std::uint64_t body_left_ = 0;
  enum class Framing { kLength, kChunked, kChunkedEnd } framing_ = Framing::kLength;
};

}  // namespace simulator
