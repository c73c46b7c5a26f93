#include "whatsapp/message/sender_key_share.h"

#include <string>

#include "proto/message.pb.h"

namespace whatsapp::message {

base::Bytes sender_key_share(std::string_view group, base::ByteView distribution) {
  proto::Message message;
  auto& share = *message.mutable_sender_key_distribution_message();
  share.set_group_id(std::string{group});
  share.set_axolotl_sender_key_distribution_message(distribution.data(), distribution.size());
  base::Bytes out(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(out.data());
  return out;
}

base::Bytes with_sender_key(base::ByteView message, std::string_view group, base::ByteView distribution) {
  // Serialised messages that follow each other are one message with the fields of both.
  base::Bytes out = base::to_bytes(message);
  base::append(out, sender_key_share(group, distribution));
  return out;
}

}  // namespace whatsapp::message
