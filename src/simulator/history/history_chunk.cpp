#include "simulator/history/history_chunk.h"

#include <fstream>

#include "proto/message.pb.h"
#include "proto/simulator.pb.h"
#include "simulator/history/history_stream.h"

namespace simulator {
namespace {

namespace media = whatsapp::media;
using base::Result;
using Fault = HistoryPlan::Fault;

/// Compressed chunks below this travel inside the message.
constexpr std::uint64_t kInlineLimit = 100 * 1024;
constexpr std::uint64_t kBombSize = 512ULL * 1024 * 1024;

/// So many zero bytes.
class Zeros final : public media::ByteSource {
 public:
  explicit Zeros(std::uint64_t count) : left_(count) {}
  Result<std::size_t> read(base::MutableByteView room) override {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left_));
    std::fill_n(room.begin(), size, std::uint8_t{0});
    left_ -= size;
    return size;
  }

 private:
  std::uint64_t left_;
};

/// Another source without its last bytes.
class CutShort final : public media::ByteSource {
 public:
  CutShort(media::ByteSource& whole, std::uint64_t length) : whole_(whole), left_(length) {}
  Result<std::size_t> read(base::MutableByteView room) override {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), left_));
    if (size == 0) return std::size_t{0};
    WA_TRY(const std::size_t got, whole_.read(room.first(size)));
    left_ -= got;
    return got;
  }

 private:
  media::ByteSource& whole_;
  std::uint64_t left_;
};

/// May the chunk be so large that it must not be held in memory?
bool may_be_large(const HistoryScript& script) {
  const HistoryPlan& plan = script.plan;
  return script.chats.size() * plan.messages_per_chat * (plan.message_bytes + 150) > 4 * kInlineLimit;
}

bool goes_inline(const HistoryScript& script, InlineOffer offer) {
  const HistoryPlan& plan = script.plan;
  if (plan.place != HistoryPlan::Place::kAuto) return plan.place == HistoryPlan::Place::kInline;
  return plan.type == HistoryType::kInitialBootstrap && offer == InlineOffer::kOffered &&
         !may_be_large(script) && plan.fault == Fault::kNone;
}

/// Calls `use` with the compressed chunk as a source, its faults included.
template <class Use>
Result<void> with_compressed(const HistoryScript& script, const Use& use) {
  HistoryStream real(script);
  Zeros zeros(script.plan.fault == Fault::kBomb ? kBombSize : 100'000);
  const bool fake = script.plan.fault == Fault::kBomb || script.plan.fault == Fault::kNotProtobuf;
  media::ByteSource& plain = fake ? static_cast<media::ByteSource&>(zeros) : real;
  const auto format =
      script.plan.fault == Fault::kGzip ? DeflateSource::Format::kGzip : DeflateSource::Format::kZlib;
  if (script.plan.fault != Fault::kTruncated) {
    DeflateSource source(plain, format);
    return use(source);
  }
  WA_TRY(const base::Bytes whole, compressed(plain, format));
  media::MemorySource memory(whole);
  CutShort source(memory, whole.size() - std::min<std::size_t>(whole.size(), 20));
  return use(source);
}

/// Turns a bit in the middle of the file on the media host.
void damage(const MediaObject& object) {
  std::fstream file(object.file, std::ios::binary | std::ios::in | std::ios::out);
  const auto middle = static_cast<std::streamoff>(object.size / 2);
  char byte = 0;
  file.seekg(middle).get(byte);
  file.seekp(middle).put(static_cast<char>(byte ^ 0x01));
}

}  // namespace

Result<HistoryChunk> make_history_chunk(MediaStore& store, const HistoryScript& script, media::MediaKey key,
                                        InlineOffer offer) {
  HistoryChunk chunk{.plan = script.plan, .inline_payload = {}};
  chunk.file.kind = media::MediaKind::kHistory;
  if (script.plan.type == HistoryType::kNoHistory || script.plan.type == HistoryType::kMessageAccessStatus)
    return chunk;
  if (goes_inline(script, offer)) {
    WA_TRY_VOID(with_compressed(script, [&](media::ByteSource& source) -> Result<void> {
      base::Bytes piece(64 * 1024);
      for (;;) {
        WA_TRY(const std::size_t got, source.read(piece));
        if (got == 0) return {};
        base::append(chunk.inline_payload, base::ByteView{piece}.first(got));
      }
    }));
    chunk.compressed_size = chunk.inline_payload.size();
    return chunk;
  }
  WA_TRY_VOID(with_compressed(script, [&](media::ByteSource& source) -> Result<void> {
    WA_TRY(const PublishedFile published,
           publish_encrypted(store, media::MediaKind::kHistory, std::move(key), source));
    chunk.file.direct_path = published.object.direct_path;
    chunk.file.media_key = base::to_bytes(published.key.bytes());
    chunk.file.file_sha256 = base::to_bytes(published.facts.file_sha256);
    chunk.file.file_enc_sha256 = base::to_bytes(published.facts.file_enc_sha256);
    chunk.file.length = published.facts.file_length;
    chunk.compressed_size = published.facts.file_length;
    if (script.plan.fault == Fault::kCorruptBlob) damage(published.object);
    if (script.plan.fault == Fault::kExpired) return store.expire(published.object.id, 410);
    if (script.plan.fault == Fault::kWrongHash) chunk.file.file_enc_sha256.front() ^= 0x01;
    return {};
  }));
  return chunk;
}

base::Bytes history_notice(const HistoryChunk& chunk) {
  proto::HistoryNotice notice;
  notice.set_sync_type(static_cast<std::uint32_t>(chunk.plan.type));
  notice.set_chunk_order(chunk.plan.chunk_order);
  notice.set_progress(chunk.plan.progress);
  if (!chunk.inline_payload.empty()) {
    notice.set_inline_payload(base::to_string(chunk.inline_payload));
  } else if (!chunk.file.direct_path.empty()) {
    notice.set_file_sha256(base::to_string(chunk.file.file_sha256));
    notice.set_file_length(chunk.file.length);
    notice.set_media_key(base::to_string(chunk.file.media_key));
    notice.set_file_enc_sha256(base::to_string(chunk.file.file_enc_sha256));
    notice.set_direct_path(chunk.file.direct_path);
    notice.set_enc_handle("handle-of-history");
  }
  if (!chunk.plan.session_id.empty()) notice.set_peer_data_request_session_id(chunk.plan.session_id);
  if (!chunk.plan.full_request_id.empty())
    notice.mutable_full_history_metadata()->set_request_id(chunk.plan.full_request_id);
  whatsapp::proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(whatsapp::proto::ProtocolMessage::HISTORY_SYNC_NOTIFICATION);
  protocol.set_history_sync_notification(notice.SerializeAsString());
  return base::to_bytes(message.SerializeAsString());
}

}  // namespace simulator
