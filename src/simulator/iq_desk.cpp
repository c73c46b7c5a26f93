#include "simulator/iq_desk.h"

#include <algorithm>

#include "simulator/usync.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

Node reply_to(const Node& iq) {
  return Node("iq").with("from", iq.jid("to").value_or(Jid::service())).with("id", iq.attr("id"));
}

Node refusal(const Node& iq, int code, std::string_view text) {
  return reply_to(iq).with("type", "error").add(Node("error").with("code", code).with("text", text));
}

}  // namespace

Node IqDesk::pong(const ServerState& state, const Node& iq) {
  return reply_to(iq).with("type", "result").with("t", state.now());
}

void IqDesk::answer(Session& session, Device& device, const Node& iq) {
  if (iq.attr_is("type", "result") || iq.attr_is("type", "error")) return;
  ++state_.counters.iqs;
  const std::string xmlns = iq.attr("xmlns").value_or("");
  auto drop = device.faults.take_for(Fault::Kind::kDropIq, xmlns);
  if (!drop) drop = state_.faults.take_for(Fault::Kind::kDropIq, xmlns);
  if (drop) return;
  auto error = device.faults.take_for(Fault::Kind::kIqError, xmlns);
  if (!error) error = state_.faults.take_for(Fault::Kind::kIqError, xmlns);
  if (error) {
    session.send(refusal(iq, error->code, "injected"));
    return;
  }
  if (xmlns == "w:p") {
    ++state_.counters.pings;
    session.send(pong(state_, iq));
    return;
  }
  if (const Node* request = iq.child("remove-companion-device"); request != nullptr && xmlns == "md") {
    unlink(session, device, iq, *request);
    return;
  }
  auto children = content(device, xmlns, iq);
  if (!children) {
    session.send(refusal(iq, children.error().detail, children.error().message));
    return;
  }
  session.send(reply_to(iq).with("type", "result").add(*std::move(children)));
  if (xmlns == "passive" && iq.child("active") != nullptr) delivery_.activate(session);
}

Result<Node::Children> IqDesk::content(Device& device, std::string_view xmlns, const Node& iq) {
  if (xmlns == "encrypt") return pre_keys_.answer(device, iq);
  if (xmlns == "usync") return answer_usync(state_, device.account, iq);
  if (xmlns == "passive" || xmlns == "urn:xmpp:whatsapp:dirty" || xmlns == "disappearing_mode")
    return Node::Children{};
  if (xmlns == "abt") return Node::Children{Node("props").with("hash", "simulator").with("refresh", 86'400)};
  if (xmlns == "privacy") return privacy(device, iq);
  if (xmlns == "blocklist") return blocklist(device.account, iq);
  if (xmlns == "w:g2") return groups(device.account, iq);
  if (xmlns == "w:sync:app:state") return collections_.answer(device, iq);
  if (xmlns == "w:m") return Node::Children{media_conn()};
  if (xmlns == "w:profile:picture" || xmlns == "w:qr")
    return fail(ErrorCode::kRejected, "item-not-found", 404);
  if (xmlns == "w:mex")
    return Node::Children{Node("result").text(R"({"data":null,"errors":[{"message":"unknown query"}]})")};
  if (xmlns != "status" && xmlns != "w:biz") ++state_.counters.unknown_iqs;
  return Node::Children{};
}

Result<Node::Children> IqDesk::privacy(Device& device, const Node& iq) {
  Account& account = device.account;
  if (const Node* tokens = iq.child("tokens")) {
    issue_tokens(device, *tokens);
    return Node::Children{};
  }
  const Node* settings = iq.child("privacy");
  if (settings == nullptr) return fail(ErrorCode::kRejected, "bad-request", 400);
  for (const Node* category : settings->children("category")) {
    const auto name = category->attr("name");
    const auto value = category->attr("value");
    if (iq.attr_is("type", "set") && name && value) account.privacy[*name] = *value;
  }
  Node answer("privacy");
  for (const auto& [name, value] : account.privacy)
    answer.add_child(Node("category").with("name", name).with("value", value));
  return Node::Children{std::move(answer)};
}

Node IqDesk::media_conn() {
  const MediaSettings& settings = state_.settings.media;
  Node answer = Node("media_conn")
                    .with("auth", state_.media.issue_auth(std::chrono::seconds{settings.auth_ttl_seconds}))
                    .with("ttl", settings.ttl_seconds)
                    .with("auth_ttl", settings.auth_ttl_seconds)
                    .with("max_buckets", 12);
  std::vector<std::string> hosts = state_.media.hosts();
  if (hosts.empty()) hosts.emplace_back("localhost");
  for (const std::string& host : hosts) {
    answer.add_child(Node("host")
                         .with("hostname", host)
                         .with("type", &host == &hosts.front() ? "primary" : "fallback")
                         .add(Node("upload"))
                         .add(Node("download")));
  }
  return answer;
}

/// A trusted-contact token for each user named: it goes to that user's devices.
void IqDesk::issue_tokens(Device& device, const Node& tokens) {
  for (const Node* token : tokens.children("token")) {
    const auto jid = token->jid("jid");
    Account* target = jid ? state_.directory.account(*jid) : nullptr;
    if (target == nullptr || target == &device.account) continue;
    const base::Bytes secret = state_.random.bytes(16);
    for (const auto& [id, receiver] : target->devices) {
      delivery_.deliver(*receiver, Node("notification")
                                       .with("id", state_.next_id())
                                       .with("type", "privacy_token")
                                       .with("from", device.account.lid())
                                       .with("sender_lid", device.account.lid())
                                       .with("t", state_.now())
                                       .add(Node("tokens").add(Node("token")
                                                                   .with("type", "trusted_contact")
                                                                   .with("t", state_.now())
                                                                   .bytes(base::ByteView{secret}))));
    }
  }
}

Result<Node::Children> IqDesk::blocklist(Account& account, const Node& iq) {
  if (const Node* item = iq.child("item")) {
    const auto jid = item->jid("jid");
    if (!jid) return fail(ErrorCode::kRejected, "bad-request", 400);
    if (item->attr_is("action", "unblock")) {
      account.blocked.erase(jid->bare().to_string());
    } else {
      account.blocked.insert(jid->bare().to_string());
    }
  }
  Node list("list");
  for (const std::string& blocked : account.blocked) {
    if (auto jid = Jid::parse(blocked)) list.add_child(Node("item").with("jid", *std::move(jid)));
  }
  return Node::Children{std::move(list)};
}

Node IqDesk::group_node(const Group& group) const {
  const bool lid = group.addressing == Addressing::kLid;
  const Account& creator = *group.participants.front();
  Node node = Node("group")
                  .with("id", group.jid.user())
                  .with("addressing_mode", lid ? "lid" : "pn")
                  .with("subject", group.subject)
                  .with("s_t", group.created_at)
                  .with("s_o", creator.jid(group.addressing))
                  .with("creation", group.created_at)
                  .with("creator", creator.jid(group.addressing))
                  .with("size", group.participants.size());
  for (const Account* member : group.participants) {
    Node participant = Node("participant").with("jid", member->jid(group.addressing));
    participant.set(lid ? "phone_number" : "lid", member->jid(other(group.addressing)));
    if (member == &creator) participant.set("type", std::string{"superadmin"});
    node.add_child(std::move(participant));
  }
  return node;
}

Result<Node::Children> IqDesk::groups(const Account& account, const Node& iq) const {
  const auto is_member = [&](const Group& group) {
    return std::ranges::find(group.participants, &account) != group.participants.end();
  };
  if (iq.child("participating") != nullptr) {
    Node answer("groups");
    state_.directory.for_each_group([&](const Group& group) {
      if (is_member(group)) answer.add_child(group_node(group));
    });
    return Node::Children{std::move(answer)};
  }
  const auto to = iq.jid("to");
  const Group* group = to ? state_.directory.group(*to) : nullptr;
  if (group == nullptr) return fail(ErrorCode::kRejected, "item-not-found", 404);
  if (!is_member(*group)) return fail(ErrorCode::kRejected, "forbidden", 403);
  if (iq.child("query") == nullptr) return fail(ErrorCode::kRejected, "not-allowed", 405);
  return Node::Children{group_node(*group)};
}

void IqDesk::unlink(Session& session, Device& device, const Node& iq, const Node& request) {
  const auto jid = request.jid("jid");
  const Device* addressed = jid ? state_.directory.device(*jid) : nullptr;
  if (addressed != &device) {
    session.send(refusal(iq, 403, "forbidden"));
    return;
  }
  session.send(reply_to(iq).with("type", "result"));
  linking_.remove(device.account, device.id);
}

}  // namespace simulator
