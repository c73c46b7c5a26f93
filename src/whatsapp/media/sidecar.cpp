#include "whatsapp/media/sidecar.h"

#include <algorithm>
#include <limits>

namespace whatsapp::media {
namespace {

constexpr std::uint64_t kPartSize = 65'536;
constexpr std::uint64_t kOverlap = kBlockSize;

std::uint64_t whole_blocks(std::uint64_t length) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max() - kBlockSize;
  return (std::min(length, kMost) + kBlockSize - 1) / kBlockSize * kBlockSize;
}

}  // namespace

StreamingSidecar::StreamingSidecar(const MediaKeys& keys) : key_(keys.mac_key()), current_(key_) {
  feed(keys.iv());
}

void StreamingSidecar::update(base::ByteView bytes) {
  while (!bytes.empty()) {
    // Up to the next border at which a running MAC begins or ends.
    const std::uint64_t offset = position_ % kPartSize;
    const std::uint64_t border = previous_ ? kOverlap : kPartSize;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), border - offset));
    feed(bytes.first(count));
    bytes = bytes.subspan(count);
  }
}

void StreamingSidecar::feed(base::ByteView bytes) {
  current_.update(bytes);
  if (previous_) previous_->update(bytes);
  position_ += bytes.size();
  const std::uint64_t offset = position_ % kPartSize;
  if (previous_ && offset == kOverlap) {
    close_part(*previous_);
    previous_.reset();
  } else if (offset == 0) {
    previous_ = current_;
    current_ = crypto::HmacSha256Stream{key_};
  }
}

base::Bytes StreamingSidecar::finish() {
  // A part of which there is nothing but overlap has no entry of its own.
  close_part(previous_ ? *previous_ : current_);
  return std::move(entries_);
}

void StreamingSidecar::close_part(crypto::HmacSha256Stream& part) {
  const auto mac = part.finish();
  base::append(entries_, base::ByteView{mac}.first(kFileMacSize));
}

FirstFrameSidecar::FirstFrameSidecar(const MediaKeys& keys, std::uint64_t first_frame_length)
    : mac_(crypto::HmacSha256State{keys.mac_key()}), missing_(whole_blocks(first_frame_length)) {
  mac_.update(keys.iv());
}

void FirstFrameSidecar::update(base::ByteView ciphertext) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(ciphertext.size(), missing_));
  mac_.update(ciphertext.first(count));
  missing_ -= count;
}

std::optional<FileMac> FirstFrameSidecar::finish() {
  if (missing_ != 0) return std::nullopt;
  return base::to_fixed<kFileMacSize>(mac_.finish());
}

}  // namespace whatsapp::media
