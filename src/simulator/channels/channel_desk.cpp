#include "simulator/channels/channel_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "simulator/groups/group.h"

namespace simulator {
namespace {

std::unexpected<base::Error> refuse(int code, std::string_view text) {
  return base::fail(base::ErrorCode::kRejected, std::string{text}, code);
}

/// Counts of each reaction, most used first does not matter to anybody.
Node reactions_node(const ChannelPost& post) {
  std::map<std::string, int> counts;
  for (const auto& [account, code] : post.reactions) ++counts[code];
  Node node("reactions");
  for (const auto& [code, count] : counts)
    node.add_child(Node("reaction").with("code", code).with("count", count));
  return node;
}

Node post_node(const ChannelPost& post) {
  Node node = Node("message")
                  .with("server_id", post.server_id)
                  .with("id", post.id)
                  .with("type", post.type)
                  .with("t", post.at);
  if (!post.plaintext.empty()) node.add_child(Node("plaintext").bytes(base::ByteView{post.plaintext}));
  node.add_child(Node("views_count").with("count", post.views));
  node.add_child(reactions_node(post));
  return node;
}

}  // namespace

Channel& ChannelDesk::create(Account& owner, std::string name, std::string description) {
  auto channel = std::make_unique<Channel>();
  channel->jid = Jid{fmt::format("{}", 120'363'400'000'000'000 + next_channel_++), Server::kNewsletter};
  channel->name = std::move(name);
  channel->description = std::move(description);
  channel->invite = fresh_invite_code(state_.random);
  channel->owner = &owner;
  channel->created_at = state_.now();
  return *channels_.emplace(channel->jid, std::move(channel)).first->second;
}

Channel* ChannelDesk::find(const Jid& jid) const {
  const auto found = channels_.find(jid);
  return found == channels_.end() ? nullptr : found->second.get();
}

Channel* ChannelDesk::find_by_invite(std::string_view invite) const {
  for (const auto& [jid, channel] : channels_) {
    if (channel->invite == invite) return channel.get();
  }
  return nullptr;
}

int ChannelDesk::refusal(const Device& sender, const Channel* channel, const Node& message) const {
  if (channel == nullptr) return 404;
  if (message.attr_is("type", "reaction"))
    return channel->owner == &sender.account || channel->followers.contains(&sender.account) ? 0 : 403;
  if (message.child("plaintext") == nullptr) return 479;
  return channel->owner == &sender.account ? 0 : 403;
}

void ChannelDesk::on_message(Session& session, Device& sender, const Node& message) {
  const auto to = message.jid("to");
  Channel* channel = to ? find(*to) : nullptr;
  Node ack = Node("ack")
                 .with("class", "message")
                 .with("id", message.attr("id").value_or(""))
                 .with("from", to)
                 .with("t", state_.now());
  if (const int code = refusal(sender, channel, message); code != 0) {
    session.send(std::move(ack).with("error", code));
    return;
  }
  ++state_.counters.messages;
  ++sender.messages_in;
  std::uint64_t server_id = 0;
  if (message.attr_is("type", "reaction")) {
    take_reaction(*channel, sender, message);
    server_id = static_cast<std::uint64_t>(message.number("server_id").value_or(0));
  } else {
    server_id = take_post(*channel, sender, message);
  }
  session.send(std::move(ack).with("server_id", server_id));
  state_.changed();
}

/// A new post; or, by `edit`, other content (3) or none (8) for one that has the same id.
std::uint64_t ChannelDesk::take_post(Channel& channel, Device& sender, const Node& message) {
  const std::string id = message.attr("id").value_or("");
  const base::Bytes content = base::to_bytes(*message.child_bytes("plaintext"));
  auto known = std::ranges::find(channel.posts, id, &ChannelPost::id);
  const bool edits = message.attr_is("edit", "3") || message.attr_is("edit", "8");
  if (known != channel.posts.end() && !edits) return known->server_id;  // said again
  if (known == channel.posts.end()) {
    ChannelPost post;
    post.server_id = channel.posts.size() + 1;
    post.id = id;
    post.type = message.attr("type").value_or("text");
    post.at = state_.now();
    channel.posts.push_back(std::move(post));
    known = channel.posts.end() - 1;
  }
  known->plaintext = message.attr_is("edit", "8") ? base::Bytes{} : content;
  Node stanza = Node("message")
                    .with("id", id)
                    .with("from", channel.jid)
                    .with("type", known->type)
                    .with("t", state_.now())
                    .with("server_id", known->server_id)
                    .with("edit", message.attr("edit"))
                    .add(Node("plaintext").bytes(base::ByteView{known->plaintext}));
  if (edits)
    stanza.add_child(Node("meta").with("msg_edit_t", state_.now() * 1000).with("original_msg_t", known->at));
  tell_followers(channel, sender, stanza);
  return known->server_id;
}

void ChannelDesk::tell_followers(const Channel& channel, const Device& sender, const Node& stanza) {
  std::vector<const Account*> readers(channel.followers.begin(), channel.followers.end());
  if (!channel.followers.contains(channel.owner)) readers.push_back(channel.owner);
  for (const Account* reader : readers) {
    for (const auto& [id, device] : reader->devices) {
      if (device.get() == &sender) continue;
      Node copy = stanza;
      if (reader == &sender.account) copy.set("is_sender", std::string{"true"});
      delivery_.deliver(*device, std::move(copy));
    }
  }
}

void ChannelDesk::take_reaction(Channel& channel, const Device& sender, const Node& message) {
  ChannelPost* post = channel.post(static_cast<std::uint64_t>(message.number("server_id").value_or(0)));
  if (post == nullptr) return;
  const Node* reaction = message.child("reaction");
  const std::string code = reaction == nullptr ? "" : reaction->attr("code").value_or("");
  post->reactions.erase(&sender.account);
  if (!code.empty()) post->reactions[&sender.account] = code;
  tell_post_update(channel, *post);
}

void ChannelDesk::tell_post_update(const Channel& channel, const ChannelPost& post) {
  const Node update = Node("live_updates").add(Node("messages").with("t", state_.now()).add(post_node(post)));
  std::set<const Account*> readers(channel.followers.begin(), channel.followers.end());
  readers.insert(channel.owner);
  for (const Account* reader : readers) {
    for (const auto& [id, device] : reader->devices) {
      delivery_.deliver(*device, Node("notification")
                                     .with("id", state_.next_id())
                                     .with("type", "newsletter")
                                     .with("from", channel.jid)
                                     .with("t", state_.now())
                                     .add(update));
    }
  }
}

base::Result<Node::Children> ChannelDesk::answer(Device&, const Node& iq) {
  if (iq.children().empty()) return refuse(400, "bad-request");
  const Node& request = iq.children().front();
  const auto jid = request.has_attr("jid") ? request.jid("jid") : iq.jid("to");
  Channel* channel = jid ? find(*jid) : nullptr;
  if (channel == nullptr) return refuse(404, "item-not-found");
  if (request.tag() == "live_updates") return Node::Children{Node("live_updates").with("duration", 300)};
  if (request.tag() != "messages" && request.tag() != "message_updates") return refuse(400, "bad-request");
  const auto before = request.number("before");
  const auto after = request.number("after").value_or(0);
  const auto count =
      static_cast<std::size_t>(std::clamp<std::int64_t>(request.number("count").value_or(50), 0, 300));
  Node::Children posts;
  for (auto post = channel->posts.rbegin(); post != channel->posts.rend() && posts.size() < count; ++post) {
    const auto id = static_cast<std::int64_t>(post->server_id);
    if (id > after && (!before || id < *before)) posts.insert(posts.begin(), post_node(*post));
  }
  Node messages = Node("messages").with("jid", channel->jid).with("t", state_.now()).add(std::move(posts));
  if (request.tag() == "messages") return Node::Children{std::move(messages)};
  return Node::Children{Node("message_updates").add(std::move(messages))};
}

}  // namespace simulator
