#include "whatsapp/client/groups/channel_posts.h"

#include <utility>

#include "whatsapp/client/groups/channel_sender.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;
using message::ReadMessage;
using runtime::Task;

namespace {

constexpr std::string_view kEdited = "3";
constexpr std::string_view kDeleted = "8";

}  // namespace

Result<ReadMessage> read_post(const Node& post) {
  const std::string id = post.attr("id").value_or(post.attr("server_id").value_or(""));
  if (post.attr_is("edit", kDeleted)) {
    ReadMessage out;
    out.content.kind = message::Kind::kRevoke;
    out.content.target.id = id;
    return out;
  }
  const auto plaintext = post.child_bytes("plaintext");
  if (!plaintext || plaintext->empty()) return fail(ErrorCode::kMalformed, "a post without content");
  WA_TRY(ReadMessage out, message::read_message(*plaintext));
  out.device_sent.reset();  // nobody speaks for our devices here
  out.self_notice = {};
  const Node* meta = post.child("meta");
  const bool edited = post.attr_is("edit", kEdited) || (meta != nullptr && meta->has_attr("msg_edit_t"));
  if (edited && out.content.kind != message::Kind::kNone) {
    out.content.kind = message::Kind::kEdit;
    out.content.target.id = id;
  }
  return out;
}

std::string post_version(const Node& post, const std::string& id) {
  if (post.attr_is("edit", kDeleted)) return id + "-deleted";
  const Node* meta = post.child("meta");
  const auto edited_at = meta != nullptr ? meta->attr("msg_edit_t") : std::nullopt;
  if (edited_at) return id + "-" + *edited_at;
  return post.attr_is("edit", kEdited) ? id + "-" + post.attr("t").value_or("edited") : id;
}

void remember_post_number(const binary::Jid& channel, const std::string& id, const Node& post,
                          std::int64_t now, store::Changes& changes) {
  if (const auto number = post.attr("server_id"))
    ChannelSender::remember_post(channel, id, *number, now, changes);
}

Task<Result<void>> ChannelNews::take(const Node& notification, store::Changes& changes) {
  const auto from = notification.jid("from");
  if (!from || !from->is_newsletter()) co_return Result<void>{};
  for (const Node* updates : notification.children("live_updates"))
    for (const Node* messages : updates->children("messages"))
      for (const Node* post : messages->children("message")) {
        MessageSource source;
        source.id = post->attr("id").value_or(post->attr("server_id").value_or(""));
        if (source.id.empty() || source.id.size() > kMaxMessageId) continue;
        source.route = MessageSource::Route::kChannel;
        source.chat = source.sender = *from;
        source.timestamp = post->number("t").value_or(0);
        WA_CO_TRY_VOID(co_await receiver_.stage_post(*post, std::move(source), changes));
      }
  co_return Result<void>{};
}

}  // namespace whatsapp
