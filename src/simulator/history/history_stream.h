// A chunk of made-up history as bytes, uncompressed, then compressed: written while it is being read, so that
// chunks of hundreds of megabytes need no memory.
#pragma once

#include <memory>

#include "simulator/history/history_plan.h"
#include "whatsapp/media/byte_source.h"

struct z_stream_s;

namespace simulator {

/// A serialised HistorySync.
class HistoryStream final : public whatsapp::media::ByteSource {
 public:
  explicit HistoryStream(const HistoryScript& script) : script_(script), noise_(script.seed | 1) {}

  base::Result<std::size_t> read(base::MutableByteView room) override;

 private:
  enum class Part { kHeader, kChats, kTrailer, kEnd };
  void write_next();
  void write_header();
  void write_chat(const HistoryChat& chat, std::size_t position);
  void write_trailer();
  base::Bytes message(const HistoryChat& chat, const std::string& chat_id, std::uint64_t number);
  std::string text(std::uint64_t number);

  const HistoryScript& script_;
  Part part_ = Part::kHeader;
  std::size_t next_chat_ = 0;
  std::uint64_t noise_;
  base::Bytes buffer_;
  std::size_t taken_ = 0;
};

/// zlib at its fastest, as the phones have it, or gzip.
class DeflateSource final : public whatsapp::media::ByteSource {
 public:
  enum class Format { kZlib, kGzip };
  explicit DeflateSource(whatsapp::media::ByteSource& plain, Format format = Format::kZlib);
  ~DeflateSource() override;
  DeflateSource(const DeflateSource&) = delete;
  DeflateSource& operator=(const DeflateSource&) = delete;

  base::Result<std::size_t> read(base::MutableByteView room) override;

 private:
  whatsapp::media::ByteSource& plain_;
  std::unique_ptr<z_stream_s> stream_;
  base::Bytes input_;
  enum class State { kRunning, kFinishing, kDone } state_ = State::kRunning;
};

/// All of a source, compressed.
base::Result<base::Bytes> compressed(whatsapp::media::ByteSource& plain,
                                     DeflateSource::Format format = DeflateSource::Format::kZlib);

}  // namespace simulator
