#include "whatsapp/message/opened_add_on.h"

#include <climits>

#include "proto/message.pb.h"
#include "whatsapp/message/bounded_text.h"

namespace whatsapp::message {
namespace {

using base::ByteView;
using base::Result;

Result<void> put_vote(ByteView plaintext, std::span<const std::string> options, Content& content) {
  WA_TRY(const auto selected, read_vote(plaintext));
  content.part = PollVote{selected_names(selected, options)};
  return {};
}

Result<void> put_reaction(ByteView plaintext, Content& content) {
  proto::ReactionMessage wire;
  if (plaintext.size() > INT_MAX ||
      !wire.ParseFromArray(plaintext.data(), static_cast<int>(plaintext.size())))
    return base::fail(base::ErrorCode::kMalformed, "no reaction");
  content.text = short_text(wire.text());
  content.part = {};
  return {};
}

Result<void> put_answer(ByteView plaintext, Content& content) {
  WA_TRY(const EventResponse response, read_event_response(plaintext));
  content.part = EventAnswer{response};
  return {};
}

/// A whole message inside: a comment, or what a message, poll or event is to be from now on.
Result<void> put_message(Kind kind, ByteView plaintext, Content& content) {
  WA_TRY(ReadMessage inside, read_message(plaintext));
  const MessageRef target = content.target;
  content.text = std::move(inside.content.text);
  content.part = std::move(inside.content.part);
  content.mentions = std::move(inside.content.mentions);
  content.kind = kind;
  content.target = target;
  return {};
}

const char* sealed_name(AddOn kind) {
  switch (kind) {
    case AddOn::kPollVote:
      return "encrypted_poll_vote";
    case AddOn::kReaction:
      return "encrypted_reaction";
    case AddOn::kComment:
      return "encrypted_comment";
    case AddOn::kEventResponse:
      return "encrypted_event_response";
    case AddOn::kEventEdit:
    case AddOn::kMessageEdit:
    case AddOn::kPollEdit:
    case AddOn::kPollAddOption:
      return "encrypted_edit";
  }
  return "encrypted_edit";
}

}  // namespace

Result<void> put_opened(AddOn kind, ByteView plaintext, std::span<const std::string> options,
                        Content& content) {
  switch (kind) {
    case AddOn::kPollVote:
      return put_vote(plaintext, options, content);
    case AddOn::kReaction:
      return put_reaction(plaintext, content);
    case AddOn::kEventResponse:
      return put_answer(plaintext, content);
    case AddOn::kComment:
      return put_message(Kind::kComment, plaintext, content);
    case AddOn::kEventEdit:
    case AddOn::kMessageEdit:
    case AddOn::kPollEdit:
    case AddOn::kPollAddOption:
      return put_message(Kind::kEdit, plaintext, content);
  }
  return {};
}

void put_unopened(AddOn kind, Content& content) {
  content.kind = Kind::kUnsupported;
  content.part = Unsupported{sealed_name(kind)};
}

}  // namespace whatsapp::message
