#include "whatsapp/message/context_builder.h"

#include <climits>
#include <string_view>

#include "whatsapp/message/unwrap.h"

namespace whatsapp::message {
namespace {

/// Quoted messages go into every copy for every device: a large one (a thumbnail) is left to the peer's
/// memory.
constexpr std::size_t kLargestQuote = 16u << 10;

bool is_shared(std::string_view chat) { return chat.ends_with("@g.us") || chat.ends_with("@broadcast"); }

/// The quoted message without its own context; an empty text when we do not have it any more.
void fill_quoted(const base::Bytes& bytes, proto::Message& out) {
  proto::Message original;
  const bool readable = !bytes.empty() && bytes.size() <= kLargestQuote &&
                        original.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  const Unwrapped unwrapped = readable ? unwrap(original) : Unwrapped{};
  if (unwrapped.innermost == nullptr) {
    out.set_conversation("");
    return;
  }
  out = *unwrapped.innermost;
  strip_context(out);
  if (out.ByteSizeLong() == 0) out.set_conversation("");
}

}  // namespace

bool has_context(const OutgoingContext& context) {
  return context.quote || !context.mentions.empty() || context.expiration > 0 ||
         context.forwarding_score > 0 || context.mention_all == OutgoingContext::MentionAll::kYes;
}

void fill_context(const OutgoingContext& context, proto::ContextInfo& out) {
  if (context.quote) {
    out.set_stanza_id(context.quote->id);
    if (!context.quote->author.empty()) out.set_participant(context.quote->author);
    if (!context.quote->chat.empty()) out.set_remote_jid(context.quote->chat);
    fill_quoted(context.quote->message, *out.mutable_quoted_message());
  }
  for (const std::string& mention : context.mentions) out.add_mentioned_jid(mention);
  if (context.mention_all == OutgoingContext::MentionAll::kYes) out.set_non_jid_mentions(1);
  if (context.forwarding_score > 0) {
    out.set_is_forwarded(true);
    out.set_forwarding_score(context.forwarding_score);
  }
  if (context.expiration == 0) return;
  out.set_expiration(context.expiration);
  if (context.expiration_set_at != 0) out.set_ephemeral_setting_timestamp(context.expiration_set_at);
  out.mutable_disappearing_mode()->set_initiator(0);
}

void fill_key(const TargetMessage& target, const OutgoingContext& context, proto::MessageKey& out) {
  const bool ours = target.from == TargetMessage::From::kMe;
  out.set_remote_jid(context.chat);
  out.set_from_me(ours);
  out.set_id(target.id);
  if (!ours && is_shared(context.chat) && !target.author.empty()) out.set_participant(target.author);
}

void strip_context(proto::Message& message) {
  message.clear_message_context_info();
  message.clear_sender_key_distribution_message();
  if (message.has_extended_text_message()) message.mutable_extended_text_message()->clear_context_info();
  if (message.has_image_message()) message.mutable_image_message()->clear_context_info();
  if (message.has_video_message()) message.mutable_video_message()->clear_context_info();
  if (message.has_ptv_message()) message.mutable_ptv_message()->clear_context_info();
  if (message.has_audio_message()) message.mutable_audio_message()->clear_context_info();
  if (message.has_document_message()) message.mutable_document_message()->clear_context_info();
  if (message.has_sticker_message()) message.mutable_sticker_message()->clear_context_info();
  if (message.has_location_message()) message.mutable_location_message()->clear_context_info();
  if (message.has_live_location_message()) message.mutable_live_location_message()->clear_context_info();
  if (message.has_contact_message()) message.mutable_contact_message()->clear_context_info();
}

}  // namespace whatsapp::message
