#include "whatsapp/message/unwrap.h"

#include <algorithm>
#include <array>

#include "whatsapp/message/content.h"

namespace whatsapp::message {
namespace {

using proto::ContextInfo;
using proto::FutureProofMessage;
using proto::Message;

enum class Mark { kNothing, kEphemeral, kViewOnce, kEdited };

struct Wrapper {
  bool (Message::*has)() const;
  const FutureProofMessage& (Message::*get)() const;
  Mark mark = Mark::kNothing;
};

constexpr auto kWrappers = std::to_array<Wrapper>({
    {&Message::has_ephemeral_message, &Message::ephemeral_message, Mark::kEphemeral},
    {&Message::has_view_once_message, &Message::view_once_message, Mark::kViewOnce},
    {&Message::has_view_once_message_v2, &Message::view_once_message_v2, Mark::kViewOnce},
    {&Message::has_view_once_message_v2_extension, &Message::view_once_message_v2_extension, Mark::kViewOnce},
    {&Message::has_edited_message, &Message::edited_message, Mark::kEdited},
    {&Message::has_document_with_caption_message, &Message::document_with_caption_message},
    {&Message::has_group_mentioned_message, &Message::group_mentioned_message},
    {&Message::has_bot_invoke_message, &Message::bot_invoke_message},
    {&Message::has_lottie_sticker_message, &Message::lottie_sticker_message},
    {&Message::has_event_cover_image, &Message::event_cover_image},
    {&Message::has_status_mention_message, &Message::status_mention_message},
    {&Message::has_poll_creation_option_image_message, &Message::poll_creation_option_image_message},
    {&Message::has_associated_child_message, &Message::associated_child_message},
    {&Message::has_group_status_mention_message, &Message::group_status_mention_message},
    {&Message::has_poll_creation_message_v4, &Message::poll_creation_message_v4},
    {&Message::has_status_add_yours, &Message::status_add_yours},
    {&Message::has_group_status_message, &Message::group_status_message},
    {&Message::has_group_status_message_v2, &Message::group_status_message_v2},
    {&Message::has_limit_sharing_message, &Message::limit_sharing_message},
    {&Message::has_question_message, &Message::question_message},
    {&Message::has_question_reply_message, &Message::question_reply_message},
    {&Message::has_bot_forwarded_message, &Message::bot_forwarded_message},
    {&Message::has_spoiler_message, &Message::spoiler_message},
});

const Wrapper* wrapper_of(const Message& message) {
  for (const Wrapper& wrapper : kWrappers)
    if ((message.*wrapper.has)()) return &wrapper;
  return nullptr;
}

void note(Mark mark, Unwrapped& out) {
  out.ephemeral = out.ephemeral || mark == Mark::kEphemeral;
  out.view_once = out.view_once || mark == Mark::kViewOnce;
  out.edited = out.edited || mark == Mark::kEdited;
}

template <class Visit>
void visit_quoted(const ContextInfo& context, const Visit& visit) {
  if (context.has_quoted_message()) visit(context.quoted_message());
}

/// Calls `visit` with every Message directly inside.
template <class Visit>
void for_each_inner(const Message& message, const Visit& visit) {
  for (const Wrapper& wrapper : kWrappers)
    if ((message.*wrapper.has)() && (message.*wrapper.get)().has_message())
      visit((message.*wrapper.get)().message());
  if (message.device_sent_message().has_message()) visit(message.device_sent_message().message());
  if (message.protocol_message().has_edited_message()) visit(message.protocol_message().edited_message());
  if (message.comment_message().has_message()) visit(message.comment_message().message());
  visit_quoted(message.extended_text_message().context_info(), visit);
  visit_quoted(message.image_message().context_info(), visit);
  visit_quoted(message.video_message().context_info(), visit);
  visit_quoted(message.ptv_message().context_info(), visit);
  visit_quoted(message.audio_message().context_info(), visit);
  visit_quoted(message.document_message().context_info(), visit);
  visit_quoted(message.sticker_message().context_info(), visit);
  visit_quoted(message.location_message().context_info(), visit);
  visit_quoted(message.live_location_message().context_info(), visit);
  visit_quoted(message.contact_message().context_info(), visit);
  for (const auto* poll : {&message.poll_creation_message(), &message.poll_creation_message_v2(),
                           &message.poll_creation_message_v3(), &message.poll_creation_message_v5(),
                           &message.poll_creation_message_v6()})
    visit_quoted(poll->context_info(), visit);
}

}  // namespace

Unwrapped unwrap(const Message& message) {
  Unwrapped out;
  const Message* here = &message;
  for (std::size_t taken_off = 0;; ++taken_off) {
    const Wrapper* wrapper = wrapper_of(*here);
    if (wrapper == nullptr) break;
    if (taken_off == kMaxWrappers) {
      out.too_deep = true;
      return out;
    }
    note(wrapper->mark, out);
    const FutureProofMessage& inner = (here->*wrapper->get)();
    if (!inner.has_message()) return out;
    here = &inner.message();
  }
  out.innermost = here;
  return out;
}

const proto::PollCreationMessage* poll_in(const Message& message) {
  if (message.has_poll_creation_message()) return &message.poll_creation_message();
  if (message.has_poll_creation_message_v2()) return &message.poll_creation_message_v2();
  if (message.has_poll_creation_message_v3()) return &message.poll_creation_message_v3();
  if (message.has_poll_creation_message_v5()) return &message.poll_creation_message_v5();
  if (message.has_poll_creation_message_v6()) return &message.poll_creation_message_v6();
  return nullptr;
}

std::size_t nesting(const Message& message, std::size_t limit) {
  std::size_t deepest = 0;
  if (limit > 0)
    for_each_inner(message,
                   [&](const Message& inner) { deepest = std::max(deepest, nesting(inner, limit - 1)); });
  else
    for_each_inner(message, [&](const Message&) { deepest = 1; });
  return deepest + 1;
}

}  // namespace whatsapp::message
