#include "whatsapp/media/media_encryptor.h"

#include <algorithm>

namespace whatsapp::media {

using base::Bytes;
using base::ByteView;

MediaEncryptor::MediaEncryptor(const MediaKeys& keys, const EncryptOptions& options)
    : cipher_(crypto::CbcDirection::kEncrypt, keys.cipher_key(), keys.iv()),
      mac_(crypto::HmacSha256State{keys.mac_key()}) {
  mac_.update(keys.iv());
  if (options.sidecar == Sidecar::kStreaming) streaming_.emplace(keys);
  if (options.first_frame_length) first_frame_.emplace(keys, *options.first_frame_length);
  partial_block_.reserve(kBlockSize);
}

void MediaEncryptor::update(ByteView plaintext, Bytes& out) {
  plain_hash_.update(plaintext);
  result_.file_length += plaintext.size();
  if (!partial_block_.empty()) {
    const ByteView head = plaintext.first(std::min(plaintext.size(), kBlockSize - partial_block_.size()));
    base::append(partial_block_, head);
    plaintext = plaintext.subspan(head.size());
    if (partial_block_.size() < kBlockSize) return;
    encrypt_blocks(partial_block_, out);
    partial_block_.clear();
  }
  const ByteView whole = plaintext.first(plaintext.size() / kBlockSize * kBlockSize);
  encrypt_blocks(whole, out);
  base::append(partial_block_, plaintext.subspan(whole.size()));
}

EncryptedMedia MediaEncryptor::finish(Bytes& out) {
  const std::size_t padding = kBlockSize - partial_block_.size();
  partial_block_.resize(kBlockSize, static_cast<std::uint8_t>(padding));
  encrypt_blocks(partial_block_, out);

  result_.mac = base::to_fixed<kFileMacSize>(mac_.finish());
  base::append(out, result_.mac);
  account_for(result_.mac);
  result_.file_sha256 = plain_hash_.finish();
  result_.file_enc_sha256 = encrypted_hash_.finish();
  if (streaming_) result_.streaming_sidecar = streaming_->finish();
  if (first_frame_) result_.first_frame_sidecar = first_frame_->finish();
  return std::move(result_);
}

void MediaEncryptor::encrypt_blocks(ByteView blocks, Bytes& out) {
  const std::size_t before = out.size();
  cipher_.process(blocks, out);
  const ByteView ciphertext = ByteView{out}.subspan(before);
  mac_.update(ciphertext);
  if (first_frame_) first_frame_->update(ciphertext);
  account_for(ciphertext);
}

void MediaEncryptor::account_for(ByteView written) {
  encrypted_hash_.update(written);
  if (streaming_) streaming_->update(written);
  result_.encrypted_length += written.size();
}

SealedFile encrypt_media(const MediaKeys& keys, ByteView plaintext, const EncryptOptions& options) {
  SealedFile sealed;
  sealed.file.reserve(encrypted_length(plaintext.size()));
  MediaEncryptor encryptor{keys, options};
  encryptor.update(plaintext, sealed.file);
  sealed.facts = encryptor.finish(sealed.file);
  return sealed;
}

}  // namespace whatsapp::media
