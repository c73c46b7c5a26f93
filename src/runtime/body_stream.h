// Bodies of HTTP messages that are too large for memory: they come from a source and go into a sink, piece by
// piece, and the transfer waits for both. A transfer holds about half a megabyte, however long its body is.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/http.h"
#include "runtime/task.h"

namespace runtime {

class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Bytes, known beforehand: it becomes the Content-Length.
  [[nodiscard]] virtual std::uint64_t length() const = 0;
  /// Called before the first read, and again when the body has to be sent once more (a redirect, a retry).
  virtual Task<base::Result<void>> rewind() = 0;
  /// The next bytes, at least one and at most `most`; only as long as length() is not reached.
  virtual Task<base::Result<base::Bytes>> read(std::size_t most) = 0;
};

class BodySink {
 public:
  virtual ~BodySink() = default;
  enum class Body {
    kToSink,
    kToResponse,  // as for the text of an error: into HttpResponse::body, up to max_response
  };
  /// Once per request, when the head of the final response has come (not for redirects that are followed).
  /// An error ends the request with it.
  virtual base::Result<Body> begin(const HttpResponse& head) = 0;
  /// The next bytes. The transfer pauses until it is done; an error ends the request with it.
  virtual Task<base::Result<void>> write(base::Bytes piece) = 0;
};

}  // namespace runtime
