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
  if (xmlns == "passive") return Node::Children{};
  if (xmlns == "urn:xmpp:whatsapp:dirty") {
    if (const Node* clean = iq.child("clean")) device.dirty.erase(clean->attr("type").value_or(""));
    return Node::Children{};
  }
  if (xmlns == "abt") return Node::Children{Node("props").with("hash", "simulator").with("refresh", 86'400)};
  if (xmlns == "w:sync:app:state") return collections_.answer(device, iq);
  if (xmlns == "w:m") return Node::Children{media_conn()};
  if (xmlns == "w:qr") return fail(ErrorCode::kRejected, "item-not-found", 404);
  ++state_.counters.unknown_iqs;
  return Node::Children{};
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
