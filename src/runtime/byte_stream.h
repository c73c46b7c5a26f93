// One end of a stream socket on the loop, raw bytes in and out. Internal to this room.
#pragma once

#include <uv.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/event_loop.h"

namespace runtime {

class ByteStreamListener {
 public:
  virtual ~ByteStreamListener() = default;
  virtual void on_stream_bytes(class ByteStream& stream, std::string_view bytes) = 0;
  /// Everything that waited is written.
  virtual void on_stream_drained(class ByteStream& stream) = 0;
  /// The peer has closed its side, or the socket broke. Nothing more comes.
  virtual void on_stream_end(class ByteStream& stream, base::Error why) = 0;
};

/// The listener may destroy the stream in any of its calls, as the last thing it does.
class ByteStream {
 public:
  ByteStream(EventLoop& loop, ByteStreamListener& listener);
  ~ByteStream();  // at once; what waits is dropped
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Takes over a connected stream socket, TCP or local; reading begins with read(Reading::kOn).
  base::Result<void> adopt(int socket);

  enum class Reading { kOff, kOn };
  void read(Reading reading);
  /// In order; what the socket does not take at once waits.
  void write(std::string bytes);
  [[nodiscard]] std::size_t unsent() const;
  /// Closes our side once everything is written.
  void finish();

 private:
  void start_reading();
  void tell_end(int status);

  struct Handle;
  EventLoop& loop_;
  ByteStreamListener& listener_;
  Handle* handle_ = nullptr;  // libuv's, which may outlive us
  Reading reading_ = Reading::kOff;
};

}  // namespace runtime
