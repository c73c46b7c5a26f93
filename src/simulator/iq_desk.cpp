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

/// The delay of the fault is the `backoff` that the server asks for.
Node injected_error(const Node& iq, const Fault& fault) {
  Node error = Node("error").with("code", fault.code).with("text", "injected");
  if (fault.delay.count() > 0) error.set("backoff", std::to_string(fault.delay.count() / 1000));
  return reply_to(iq).with("type", "error").add(std::move(error));
}

}  // namespace

std::string iq_kind(const Node& iq) {
  std::string kind = iq.attr("xmlns").value_or("") + '/' + iq.attr("type").value_or("");
  if (!iq.children().empty()) kind.append("/").append(iq.children().front().tag());
  return kind;
}

Node IqDesk::pong(const ServerState& state, const Node& iq) {
  return reply_to(iq).with("type", "result").with("t", state.now());
}

void IqDesk::answer(Session& session, Device& device, const Node& iq) {
  if (iq.attr_is("type", "result") || iq.attr_is("type", "error")) return;
  ++state_.counters.iqs;
  const std::string xmlns = iq.attr("xmlns").value_or("");
  const std::string kind = iq_kind(iq);
  ++state_.counters.iq_kinds[kind];
  ++device.iq_kinds[kind];
  state_.changed();
  if (state_.take_fault_for(device, Fault::Kind::kDropIq, kind)) return;
  if (const auto error = state_.take_fault_for(device, Fault::Kind::kIqError, kind)) {
    session.send(injected_error(iq, *error));
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

Result<Node::Children> IqDesk::ask(Device& device, const Node& iq) {
  return content(device, iq.attr("xmlns").value_or(""), iq);
}

Result<Node::Children> IqDesk::content(Device& device, std::string_view xmlns, const Node& iq) {
  if (const auto found = served_.find(std::string{xmlns}); found != served_.end())
    return found->second(device, iq);
  if (xmlns == "encrypt") return pre_keys_.answer(device, iq);
  if (xmlns == "usync") return answer_usync(state_, device.account, iq);
  if (xmlns == "passive" || xmlns == "urn:xmpp:whatsapp:dirty" || xmlns == "disappearing_mode")
    return Node::Children{};
  if (xmlns == "abt") return Node::Children{Node("props").with("hash", "simulator").with("refresh", 86'400)};
  if (xmlns == "privacy") return privacy(device, iq);
  if (xmlns == "blocklist") return blocklist(device.account, iq);
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
