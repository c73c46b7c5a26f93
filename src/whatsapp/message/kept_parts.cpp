#include "whatsapp/message/kept_parts.h"

#include <climits>

#include "proto/message.pb.h"
#include "whatsapp/message/message_secret.h"
#include "whatsapp/message/part_reader.h"
#include "whatsapp/message/unwrap.h"

namespace whatsapp::message {
namespace {

constexpr int kMostOptions = 64;
constexpr std::size_t kLargestPoll = 16u << 10;

bool parse(google::protobuf::MessageLite& out, base::ByteView bytes) {
  return bytes.size() <= INT_MAX && out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

base::Bytes poll_of(const proto::Message& message) {
  const proto::PollCreationMessage* poll = poll_in(message);
  if (poll == nullptr || poll->options_size() > kMostOptions) return {};
  proto::PollCreationMessage kept;
  kept.set_name(poll->name());
  for (const auto& option : poll->options()) kept.add_options()->set_option_name(option.option_name());
  if (kept.ByteSizeLong() > kLargestPoll) return {};
  return base::to_bytes(kept.SerializeAsString());
}

}  // namespace

KeptParts kept_parts(base::ByteView bytes) {
  proto::Message message;
  return parse(message, bytes) ? kept_parts_of(message) : KeptParts{};
}

KeptParts kept_parts_of(const proto::Message& message) {
  KeptParts out;
  const proto::Message& sent =
      message.has_device_sent_message() ? message.device_sent_message().message() : message;
  const Unwrapped unwrapped = unwrap(sent);
  if (unwrapped.innermost == nullptr) return out;
  for (const proto::Message* level :
       {unwrapped.innermost, &sent, static_cast<const proto::Message*>(&message)}) {
    out.secret = read_message_secret(base::as_bytes(level->message_context_info().message_secret()));
    if (out.secret) break;
  }
  out.poll = poll_of(*unwrapped.innermost);
  if (unwrapped.innermost->has_event_message()) out.event = KeptParts::Event::kYes;
  return out;
}

std::vector<std::string> kept_poll_options(base::ByteView bytes) {
  proto::PollCreationMessage poll;
  std::vector<std::string> out;
  if (!parse(poll, bytes)) return out;
  for (const auto& option : poll.options()) out.push_back(option.option_name());
  return out;
}

}  // namespace whatsapp::message
