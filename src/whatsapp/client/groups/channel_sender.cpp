#include "whatsapp/client/groups/channel_sender.h"

#include <algorithm>
#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/add_ons/content_writer.h"
#include "whatsapp/client/send_verdict.h"
#include "whatsapp/message/content_builder.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kPosts = "channel_post";
constexpr std::int64_t kPostLife = 30 * 86'400;  // seconds
constexpr int kMaxAttempts = 3;
constexpr base::Duration kAgainAfter = 750ms;
constexpr std::string_view kEditedByAdmin = "3";
constexpr std::string_view kDeletedByAdmin = "8";
constexpr std::string_view kTakenBack = "7";

std::string post_key(const Jid& channel, const std::string& id) { return channel.to_string() + "|" + id; }

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Node post(const Jid& channel, const std::string& id) {
  return Node("message").with("id", std::string_view{id}).with("to", channel);
}

/// Nothing of a post is about other messages: no quotes, no mentions, no secret that votes would need.
Result<Node> content_stanza(const Jid& channel, const std::string& id,
                            const message::OutgoingContent& content) {
  WA_TRY(const Bytes plaintext, message::build_message(content, {}, {}));
  const message::StanzaTraits traits = message::traits_of(plaintext);
  Node body = Node("plaintext").bytes(ByteView{plaintext});
  if (!traits.mediatype.empty()) body.set("mediatype", traits.mediatype);
  Node stanza = post(channel, id);
  stanza.add_child(std::move(body));
  add_traits(traits, stanza);
  return stanza;
}

}  // namespace

bool ChannelSender::wrote(ByteView bytes) {
  const auto stanza = binary::decode(bytes);
  const auto to = stanza ? stanza->jid("to") : std::nullopt;
  return to && to->is_newsletter();
}

void ChannelSender::remember_post(const Jid& channel, const std::string& id, const std::string& server_id,
                                  std::int64_t now, Changes& changes) {
  if (!is_number(server_id)) return;
  changes.records.push_back(
      {std::string{kPosts}, post_key(channel, id), base::to_bytes(server_id), now + kPostLife});
}

Task<Result<SendOutcome>> ChannelSender::send(OutgoingMessage message, SendJournal& journal) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  if (message.id.empty()) co_return fail(ErrorCode::kInvalidArgument, "a message needs an id");
  const Jid channel = message.to.normalized().bare();
  ChatOrder::Place place(order_, channel.to_string());
  WA_CO_TRY_VOID(co_await place.wait());
  WA_CO_TRY(Node stanza, co_await stanza_of(std::move(message)));
  WA_CO_TRY(Bytes bytes, binary::encode(stanza));
  Changes changes;
  journal.stage(channel, bytes, changes);
  const auto committed = co_await parts_.outside.store.commit(std::move(changes));
  if (!committed) {
    parts_.connection.give_up(committed.error());
    co_return fail(committed.error());
  }
  auto ack = parts_.connection.expect_ack(stanza.attr("id").value_or(""));
  WA_CO_TRY_VOID(parts_.connection.send_encoded(bytes));
  place.done();
  co_return co_await acked(std::move(stanza), std::move(bytes), std::move(ack));
}

Task<Result<SendOutcome>> ChannelSender::resend(Bytes bytes) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  auto stanza = binary::decode(bytes);
  if (!stanza) co_return fail(ErrorCode::kInvalidArgument, "the stored stanza cannot be read");
  auto ack = parts_.connection.expect_ack(stanza->attr("id").value_or(""));
  WA_CO_TRY_VOID(parts_.connection.send_encoded(bytes));
  co_return co_await acked(*std::move(stanza), std::move(bytes), std::move(ack));
}

Task<Result<SendOutcome>> ChannelSender::acked(Node stanza, Bytes bytes, std::unique_ptr<PendingAck> ack) {
  const std::string id = stanza.attr("id").value_or("");
  const Jid channel = stanza.jid("to").value_or(Jid{});
  for (int attempt = 1;; ++attempt) {
    if (!ack) co_return fail(ErrorCode::kClosed, "not connected");
    WA_CO_TRY(const Node answer, co_await ack->wait(parts_.settings.send_ack_timeout));
    const SendVerdict verdict = read_send_ack(answer);
    if (verdict.result == SendVerdict::Result::kSent) {
      const std::int64_t now = parts_.connection.unix_seconds();
      if (const auto number = answer.attr("server_id")) {
        Changes changes;
        remember_post(channel, id, *number, now, changes);
        const auto noted = co_await parts_.outside.store.commit(std::move(changes));
        if (!noted) parts_.connection.give_up(noted.error());
      }
      co_return SendOutcome{channel, verdict.timestamp != 0 ? verdict.timestamp : now};
    }
    if (verdict.result == SendVerdict::Result::kFailed || attempt == kMaxAttempts)
      co_return fail(verdict.error);
    WA_CO_TRY_VOID(co_await parts_.connection.pause(kAgainAfter * attempt));
    ack = parts_.connection.expect_ack(id);
    WA_CO_TRY_VOID(parts_.connection.send_encoded(bytes));
  }
}

Task<Result<Node>> ChannelSender::stanza_of(OutgoingMessage message) {
  const Jid channel = message.to.normalized().bare();
  if (const auto* edit = std::get_if<message::OutgoingEdit>(&message.content)) {
    WA_CO_TRY(Node stanza,
              content_stanza(channel, edit->target.id, message::OutgoingText{.body = edit->body}));
    stanza.set("edit", std::string{kEditedByAdmin});
    co_return stanza;
  }
  if (const auto* revoke = std::get_if<message::OutgoingRevoke>(&message.content)) {
    Node stanza = post(channel, revoke->target.id).add(Node("plaintext"));
    stanza.set("type", "text");
    stanza.set("edit", std::string{kDeletedByAdmin});
    co_return stanza;
  }
  if (const auto* reaction = std::get_if<message::OutgoingReaction>(&message.content)) {
    WA_CO_TRY(const std::string number, co_await post_number(channel, reaction->target.id));
    Node child("reaction");
    Node stanza = post(channel, message.id).with("type", "reaction").with("server_id", number);
    if (reaction->emoji.empty()) {
      stanza.set("edit", std::string{kTakenBack});
    } else {
      child.set("code", reaction->emoji);
    }
    stanza.add_child(std::move(child));
    co_return stanza;
  }
  co_return content_stanza(channel, message.id, message.content);
}

Task<Result<std::string>> ChannelSender::post_number(Jid channel, std::string id) {
  if (is_number(id)) co_return id;  // named by its number already
  const std::string key = post_key(channel, id);
  auto query = [&key](store::DeviceStore& device) { return device.record(std::string{kPosts}, key); };
  WA_CO_TRY(const auto number, co_await parts_.outside.store.read(query));
  if (!number) co_return fail(ErrorCode::kNotFound, "this post of the channel is not known");
  co_return std::string{base::as_text(*number)};
}

}  // namespace whatsapp
