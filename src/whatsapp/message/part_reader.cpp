#include "whatsapp/message/part_reader.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "whatsapp/message/bounded_text.h"
#include "whatsapp/message/media_reader.h"
#include "whatsapp/message/unwrap.h"

namespace whatsapp::message {
namespace {

using proto::Message;

constexpr int kMostCards = 256;
constexpr int kMostOptions = 64;

template <class Wire>
bool parse(const std::string& bytes, Wire& wire) {
  return !bytes.empty() && wire.ParseFromString(bytes);
}

void read_location(const Message& message, Content& out) {
  Location place;
  if (message.has_location_message()) {
    const auto& wire = message.location_message();
    place = {wire.degrees_latitude(),
             wire.degrees_longitude(),
             short_text(wire.name()),
             short_text(wire.address()),
             short_text(wire.url()),
             wire.accuracy_in_meters(),
             wire.is_live() ? Location::Live::kYes : Location::Live::kNo};
  } else {
    const auto& wire = message.live_location_message();
    place.latitude = wire.degrees_latitude();
    place.longitude = wire.degrees_longitude();
    place.accuracy_meters = wire.accuracy_in_meters();
    place.live = Location::Live::kYes;
  }
  out.part = std::move(place);
}

void read_contacts(const Message& message, Content& out) {
  Contacts contacts;
  if (message.has_contact_message()) {
    const auto& wire = message.contact_message();
    contacts.cards.push_back({short_text(wire.display_name()), long_text(wire.vcard())});
    out.part = std::move(contacts);
    return;
  }
  proto::ContactsArrayMessage wire;
  if (!parse(message.contacts_array_message(), wire)) return;
  contacts.display_name = short_text(wire.display_name());
  for (const auto& card : wire.contacts()) {
    if (contacts.cards.size() == kMostCards) break;
    contacts.cards.push_back({short_text(card.display_name()), long_text(card.vcard())});
  }
  read_part_context(wire.context_info(), out);
  out.part = std::move(contacts);
}

void read_poll(const Message& message, Content& out) {
  const proto::PollCreationMessage* wire = poll_in(message);
  if (wire == nullptr) return;
  Poll poll;
  poll.name = short_text(wire->name());
  for (const auto& option : wire->options()) {
    if (poll.options.size() == kMostOptions) break;
    poll.options.push_back(short_text(option.option_name()));
  }
  poll.selectable = wire->selectable_options_count();
  if (wire->poll_type() == 1) poll.type = Poll::Type::kQuiz;
  poll.ends_at = wire->end_time();
  out.part = std::move(poll);
}

void read_poll_result(const Message& message, Content& out) {
  proto::PollResultSnapshotMessage wire;
  const bool newer =
      message.has_poll_result_snapshot_message_v3() && !message.has_poll_result_snapshot_message();
  const bool read = newer ? parse(message.poll_result_snapshot_message_v3(), wire)
                          : parse(message.poll_result_snapshot_message(), wire);
  if (!read) return;
  PollResult result;
  result.name = short_text(wire.name());
  for (const auto& vote : wire.poll_votes()) {
    if (result.counts.size() == kMostOptions) break;
    result.counts.push_back({short_text(vote.option_name()), vote.option_vote_count()});
  }
  read_part_context(wire.context_info(), out);
  out.part = std::move(result);
}

void read_event(const Message& message, Content& out) {
  proto::EventMessage wire;
  if (!parse(message.event_message(), wire)) return;
  Event event;
  event.name = short_text(wire.name());
  event.description = long_text(wire.description());
  event.join_link = short_text(wire.join_link());
  event.place = short_text(wire.location().name());
  event.address = short_text(wire.location().address());
  event.starts_at = wire.start_time();
  event.ends_at = wire.end_time();
  if (wire.is_canceled()) event.state = Event::State::kCancelled;
  read_part_context(wire.context_info(), out);
  out.part = std::move(event);
}

void read_sealed(const Message& message, Content& out) {
  const std::string bytes = message.SerializeAsString();
  auto found = find_add_on(base::as_bytes(bytes));
  if (!found || !*found) return;
  out.target = MessageRef{(*found)->target.chat, (*found)->target.id, (*found)->target.participant,
                          (*found)->target.from_me ? MessageRef::By::kSender : MessageRef::By::kOther};
  out.part = SealedAddOn{**std::move(found)};
}

void read_order(const Message& message, Content& out) {
  proto::OrderMessage wire;
  if (!parse(message.order_message(), wire)) return;
  constexpr auto kStatus = std::to_array<const char*>({"", "inquiry", "accepted", "declined"});
  const auto status = static_cast<std::size_t>(std::clamp(wire.status(), 0, 3));
  Order order;
  order.id = short_text(wire.order_id());
  order.token = short_text(wire.token());
  order.title = short_text(wire.order_title());
  order.message = long_text(wire.message());
  order.seller = short_text(wire.seller_jid());
  order.currency = short_text(wire.total_currency_code());
  order.item_count = wire.item_count();
  order.total_thousandths = wire.total_amount_1000();
  order.status = kStatus.at(status);
  read_part_context(wire.context_info(), out);
  out.part = std::move(order);
}

void read_product(const Message& message, Content& out) {
  proto::ProductMessage wire;
  if (!parse(message.product_message(), wire)) return;
  Product product;
  product.id = short_text(wire.product().product_id());
  product.retailer_id = short_text(wire.product().retailer_id());
  product.title = short_text(wire.has_product() ? wire.product().title() : wire.catalog().title());
  product.description =
      long_text(wire.has_product() ? wire.product().description() : wire.catalog().description());
  product.url = short_text(wire.product().url());
  product.seller = short_text(wire.business_owner_jid());
  product.body = long_text(wire.body());
  product.footer = short_text(wire.footer());
  product.currency = short_text(wire.product().currency_code());
  product.price_thousandths = wire.product().price_amount_1000();
  product.sale_price_thousandths = wire.product().sale_price_amount_1000();
  out.media = image_in(wire.product().product_image());
  read_part_context(wire.context_info(), out);
  out.part = std::move(product);
}

void read_group_invite(const Message& message, Content& out) {
  proto::GroupInviteMessage wire;
  if (!parse(message.group_invite_message(), wire)) return;
  read_part_context(wire.context_info(), out);
  out.part = GroupInvite{short_text(wire.group_jid()), short_text(wire.invite_code()),
                         short_text(wire.group_name()), long_text(wire.caption()), wire.invite_expiration()};
}

void read_channel_invite(const Message& message, Content& out) {
  proto::NewsletterInviteMessage wire;
  const bool admin = message.has_newsletter_admin_invite_message();
  if (!parse(
          admin ? message.newsletter_admin_invite_message() : message.newsletter_follower_invite_message_v2(),
          wire))
    return;
  out.part = ChannelInvite{short_text(wire.newsletter_jid()), short_text(wire.newsletter_name()),
                           long_text(wire.caption())};
}

std::string note_of(const std::string& bytes) {
  Message note;
  if (!parse(bytes, note)) return {};
  return long_text(note.has_conversation() ? note.conversation() : note.extended_text_message().text());
}

Payment answered(const char* form, const std::string& bytes) {
  Payment out{.form = form};
  proto::PaymentKeyMessage wire;
  if (parse(bytes, wire)) out.request_id = short_text(wire.key().id());
  return out;
}

void read_payment(const Message& message, Content& out) {
  if (message.has_send_payment_message()) {
    proto::SendPaymentMessage wire;
    Payment payment{.form = "sent"};
    if (parse(message.send_payment_message(), wire)) {
      payment.note = note_of(wire.note_message());
      payment.request_id = short_text(wire.request_message_key().id());
    }
    out.part = std::move(payment);
  } else if (message.has_request_payment_message()) {
    proto::RequestPaymentMessage wire;
    Payment payment{.form = "requested"};
    if (parse(message.request_payment_message(), wire)) {
      payment.note = note_of(wire.note_message());
      payment.currency = short_text(wire.currency_code());
      payment.amount_thousandths = wire.amount_1000();
    }
    out.part = std::move(payment);
  } else if (message.has_decline_payment_request_message()) {
    out.part = answered("declined", message.decline_payment_request_message());
  } else if (message.has_cancel_payment_request_message()) {
    out.part = answered("cancelled", message.cancel_payment_request_message());
  } else if (message.has_invoice_message()) {
    proto::InvoiceMessage wire;
    Payment payment{.form = "invoice"};
    if (parse(message.invoice_message(), wire)) payment.note = long_text(wire.note());
    out.part = std::move(payment);
  } else {
    out.part = Payment{.form = "invited"};
  }
}

void read_call(const Message& message, Content& out) {
  constexpr auto kOutcomes =
      std::to_array<const char*>({"connected", "missed", "failed", "rejected", "accepted_elsewhere",
                                  "ongoing", "silenced", "silenced_unknown_caller"});
  CallLog call{.outcome = "unknown"};
  if (message.has_call_log_message()) {
    proto::CallLogMessage wire;
    if (parse(message.call_log_message(), wire)) {
      if (wire.is_video()) call.media = CallLog::Media::kVideo;
      const auto outcome = static_cast<std::size_t>(wire.call_outcome());
      if (outcome < kOutcomes.size()) call.outcome = kOutcomes.at(outcome);
      call.duration_seconds = wire.duration_secs();
    }
  } else if (message.has_scheduled_call_creation_message()) {
    proto::ScheduledCallCreationMessage wire;
    call.outcome = "scheduled";
    if (parse(message.scheduled_call_creation_message(), wire)) {
      constexpr int kVideo = 2;
      if (wire.call_type() == kVideo) call.media = CallLog::Media::kVideo;
      call.title = short_text(wire.title());
      call.scheduled_at = wire.scheduled_timestamp_ms() / 1'000;
    }
  } else if (message.has_scheduled_call_edit_message()) {
    proto::ScheduledCallEditMessage wire;
    call.outcome = "cancelled";
    if (parse(message.scheduled_call_edit_message(), wire))
      out.target = MessageRef{short_text(wire.key().remote_jid()), short_text(wire.key().id()),
                              short_text(wire.key().participant()),
                              wire.key().from_me() ? MessageRef::By::kSender : MessageRef::By::kOther};
  }
  out.part = std::move(call);
}

void read_sticker_pack(const Message& message, Content& out) {
  proto::StickerPackMessage wire;
  if (!parse(message.sticker_pack_message(), wire)) return;
  read_part_context(wire.context_info(), out);
  out.part = StickerPack{short_text(wire.sticker_pack_id()), short_text(wire.name()),
                         short_text(wire.publisher()), static_cast<std::uint32_t>(wire.stickers_size())};
}

void read_pin(const Message& message, Content& out) {
  constexpr int kUnpin = 2;
  Pin pin;
  if (message.pin_in_chat_message().type() == kUnpin) pin.change = Pin::Change::kUnpin;
  pin.seconds = message.message_context_info().message_add_on_duration_in_secs();
  out.part = pin;
}

void read_keep(const Message& message, Content& out) {
  constexpr int kUndo = 2;
  Keep keep;
  if (message.keep_in_chat_message().keep_type() == kUndo) keep.change = Keep::Change::kUndo;
  out.part = keep;
}

}  // namespace

void read_part_context(const proto::PartContext& context, Content& out) {
  if (!context.stanza_id().empty()) out.quoted_id = short_text(context.stanza_id());
  if (!context.participant().empty()) out.quoted_author = short_text(context.participant());
  for (const std::string& mention : context.mentioned_jid()) {
    if (out.mentions.size() == kMaxMentions) break;
    out.mentions.push_back(short_text(mention));
  }
  out.forwarding_score = std::max(context.forwarding_score(), context.is_forwarded() ? 1u : 0u);
  out.expiration = context.expiration();
  out.expiration_set_at = context.ephemeral_setting_timestamp();
}

void read_part(const Message& message, Content& out) {
  switch (out.kind) {
    case Kind::kLocation:
    case Kind::kLiveLocation:
      return read_location(message, out);
    case Kind::kContact:
      return read_contacts(message, out);
    case Kind::kPoll:
      return read_poll(message, out);
    case Kind::kPollVote:
    case Kind::kEventResponse:
      return read_sealed(message, out);
    case Kind::kReaction:
      if (message.has_enc_reaction_message()) read_sealed(message, out);
      return;
    case Kind::kComment:
      if (message.has_enc_comment_message()) read_sealed(message, out);
      return;
    case Kind::kPollResult:
      return read_poll_result(message, out);
    case Kind::kEvent:
      return read_event(message, out);
    case Kind::kPin:
      return read_pin(message, out);
    case Kind::kKeep:
      return read_keep(message, out);
    case Kind::kInteractive:
      return read_interactive(message, out);
    case Kind::kInteractiveReply:
      return read_interactive_reply(message, out);
    case Kind::kOrder:
      return read_order(message, out);
    case Kind::kProduct:
      return read_product(message, out);
    case Kind::kGroupInvite:
      return read_group_invite(message, out);
    case Kind::kChannelInvite:
      return read_channel_invite(message, out);
    case Kind::kPayment:
      return read_payment(message, out);
    case Kind::kCallLog:
      return read_call(message, out);
    case Kind::kStickerPack:
      return read_sticker_pack(message, out);
    case Kind::kUnsupported:
      if (message.has_secret_encrypted_message()) read_sealed(message, out);
      return;
    default:
      return;
  }
}

}  // namespace whatsapp::message
