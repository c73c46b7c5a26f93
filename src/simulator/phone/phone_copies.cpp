// What a phone still has of messages and files that a companion lost.
#include <algorithm>

#include "proto/history.pb.h"
#include "proto/message.pb.h"
#include "simulator/media/person_files.h"
#include "simulator/person.h"
#include "simulator/phone/phone_desk.h"
#include "simulator/world.h"

namespace simulator {
namespace {

using whatsapp::media::MediaKey;
using whatsapp::media::RetryAnswer;
using whatsapp::media::RetryResult;

}  // namespace

/// The phone's copy of a message; empty: it has none.
base::Bytes PhoneDesk::web_message_info(const std::string& serialised_key) const {
  whatsapp::proto::MessageKey key;
  if (!key.ParseFromString(serialised_key)) return {};
  const auto& received = phone_.received();
  const auto message = std::ranges::find(received, key.id(), &ReceivedMessage::id);
  if (message == received.end()) return {};
  whatsapp::proto::WebMessageInfo info;
  *info.mutable_key() = key;
  whatsapp::proto::Message content;
  content.ParseFromArray(message->content.data(), static_cast<int>(message->content.size()));
  const bool wrapped = content.has_device_sent_message();
  info.add_message(wrapped ? content.device_sent_message().message().SerializeAsString()
                           : base::to_string(message->content));
  info.set_message_timestamp(static_cast<std::uint64_t>(message->timestamp));
  if (key.has_participant()) info.set_participant(key.participant());
  const auto author = Jid::parse(message->from);
  const Account* account = author ? world_.server().directory().account(*author) : nullptr;
  if (account != nullptr) info.set_push_name(account->push_name);
  return base::to_bytes(info.SerializeAsString());
}

std::optional<FileReference> PhoneDesk::file_of(const std::string& message_id) const {
  if (const auto chunk = history_files_.find(message_id); chunk != history_files_.end()) return chunk->second;
  const auto file = received_file(phone_, message_id);
  return file ? std::optional{*file} : std::nullopt;
}

void PhoneDesk::on_media_request(Device& companion, const Node& receipt) {
  const std::string device = companion.account.pn(companion.id).to_string();
  Retry retry;
  retry.id = receipt.attr("id").value_or("");
  retry.own = receipt.jid("from").value_or(Jid{}).bare();
  retry.file = file_of(retry.id);
  if (const Node* rmr = receipt.child("rmr")) retry.rmr = *rmr;
  note({retry.id, device, "media_retry", retry.file ? retry.file->direct_path : "unknown message"});
  const Node* encrypt = receipt.child("encrypt");
  const auto sealed = encrypt == nullptr ? std::nullopt : encrypt->child_bytes("enc_p");
  const auto iv = encrypt == nullptr ? std::nullopt : encrypt->child_bytes("enc_iv");
  if (retry.file && sealed && iv && retry.file->media_key.size() == 32) {
    const MediaKey key{base::to_fixed<32>(retry.file->media_key)};
    const auto opened = whatsapp::media::open_retry_request(key, retry.id, *iv, *sealed);
    if (!opened) world_.server().state().report(device, "bad_media_retry", opened.error().message);
  }
  if (manners.media_retry == PhoneManners::MediaRetry::kNever) return;
  later(companion.id, [this, retry](Device& target) { answer_media(target, retry); });
}

/// Uploads the file once more, unless our manners are others.
RetryAnswer PhoneDesk::media_answer(const FileReference& file) {
  switch (manners.media_retry) {
    case PhoneManners::MediaRetry::kNotFound:
      return {.result = RetryResult::kNotFound, .direct_path = {}};
    case PhoneManners::MediaRetry::kGeneralError:
      return {.result = RetryResult::kGeneralError, .direct_path = {}};
    case PhoneManners::MediaRetry::kDecryptionError:
      return {.result = RetryResult::kDecryptionError, .direct_path = {}};
    default:
      break;
  }
  MediaStore& store = world_.server().state().media;
  const auto object = store.find(file.direct_path);
  const auto again = object ? store.publish_again(object->id) : base::Result<MediaObject>{MediaObject{}};
  if (!object || !again) return {.result = RetryResult::kNotFound, .direct_path = {}};
  return {.result = RetryResult::kSuccess, .direct_path = again->direct_path};
}

void PhoneDesk::answer_media(Device& companion, const Retry& retry) {
  ServerState& state = world_.server().state();
  Node answer = Node("notification")
                    .with("id", retry.id)
                    .with("type", "mediaretry")
                    .with("from", retry.own)
                    .with("t", state.now());
  if (retry.rmr) answer.add_child(*retry.rmr);
  const bool sealable = retry.file && retry.file->media_key.size() == 32;
  if (!sealable || manners.media_retry == PhoneManners::MediaRetry::kErrorNode) {
    answer.add_child(Node("error").with("code", 2));
  } else {
    MediaKey key{base::to_fixed<32>(retry.file->media_key)};
    if (manners.media_retry == PhoneManners::MediaRetry::kGarbage) key.mutable_bytes()[0] ^= 0x01;
    const auto sealed =
        whatsapp::media::seal_retry_answer(key, retry.id, media_answer(*retry.file), world_.random());
    answer.add_child(Node("encrypt")
                         .add(Node("enc_p").bytes(base::ByteView{sealed.ciphertext}))
                         .add(Node("enc_iv").bytes(base::ByteView{sealed.iv})));
  }
  world_.server().delivery().deliver(companion, std::move(answer));
}

}  // namespace simulator
