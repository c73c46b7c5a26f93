#include "simulator/server_core.h"

#include "proto/client_payload.pb.h"

namespace simulator {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using whatsapp::proto::ClientPayload;

Node stream_error(int code, std::string_view conflict) {
  Node error("stream:error");
  if (code != 0) error.set("code", std::to_string(code));
  if (!conflict.empty()) error.add_child(Node("conflict").with("type", conflict));
  return error;
}

}  // namespace

ServerCore::ServerCore(runtime::EventLoop& loop, base::Random& random, const Settings& settings)
    : state_(loop, random, settings),
      delivery_(state_),
      pre_keys_(state_, delivery_),
      linking_(state_, delivery_),
      collections_(state_, delivery_),
      iqs_(state_, delivery_, pre_keys_, linking_, collections_),
      tokens_(state_, delivery_),
      router_(state_, delivery_, tokens_),
      receipts_(state_, delivery_),
      groups_(state_, delivery_),
      profiles_(state_, delivery_, tokens_),
      channels_(state_, delivery_),
      presence_(state_),
      calls_(state_, delivery_) {
  serve_iqs();
  state_.end = [this](SessionId id, const std::optional<Node>& last_word) { end(id, last_word); };
}

void ServerCore::serve_iqs() {
  using Children = Result<Node::Children>;
  iqs_.serve("w:g2", [this](Device& d, const Node& iq) -> Children { return groups_.answer(d, iq); });
  iqs_.serve("privacy", [this](Device& d, const Node& iq) -> Children { return profiles_.privacy(d, iq); });
  iqs_.serve("blocklist",
             [this](Device& d, const Node& iq) -> Children { return profiles_.blocklist(d, iq); });
  iqs_.serve("status", [this](Device& d, const Node& iq) -> Children { return profiles_.about(d, iq); });
  iqs_.serve("w:biz", [this](Device& d, const Node& iq) -> Children { return profiles_.business(d, iq); });
  iqs_.serve("w:profile:picture",
             [this](Device& d, const Node& iq) -> Children { return profiles_.picture(d, iq); });
  iqs_.serve("newsletter", [this](Device& d, const Node& iq) -> Children { return channels_.answer(d, iq); });
  iqs_.serve("w:mex",
             [this](Device& d, const Node& iq) -> Children { return channels_.answer_query(d, iq); });
  iqs_.serve("disappearing_mode",
             [this](Device& d, const Node& iq) -> Children { return profiles_.disappearing(d, iq); });
}

Session& ServerCore::open(Wire& wire, const crypto::PublicKey& noise) {
  auto session = std::make_unique<Session>();
  session->id = next_session_++;
  session->wire = &wire;
  session->noise = noise;
  const SessionId id = session->id;
  return *state_.sessions.emplace(id, std::move(session)).first->second;
}

SessionId ServerCore::connect(Wire& wire, const crypto::PublicKey& noise, base::ByteView bytes) {
  ++state_.counters.connections;
  Session& session = open(wire, noise);
  const SessionId id = session.id;
  ClientPayload payload;
  if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    refuse(id, 400);
    return 0;
  }
  if (payload.has_device_pairing_data()) {
    if (auto opened = linking_.open(session, payload); !opened) {
      state_.report("registration", "bad_registration", opened.error().message);
      refuse(id, 400);
      return 0;
    }
    state_.changed();
    return id;
  }
  const Jid jid{std::to_string(payload.username()), Server::kUser,
                static_cast<std::uint16_t>(payload.device())};
  Device* device = state_.directory.device(jid);
  if (device == nullptr || !device->noise || *device->noise != noise) {
    refuse(id, 401);
    return 0;
  }
  if (const auto fault = state_.take_fault(*device, Fault::Kind::kFailLogin)) {
    refuse(id, fault->code);
    return 0;
  }
  log_in(session, *device);
  if (!payload.passive()) delivery_.activate(session);
  return id;
}

SessionId ServerCore::attach(Wire& wire, Device& device) {
  Session& session = open(wire, {});
  session.role = Login{.device = &device};
  device.session = &session;
  device.visibility = Device::Visibility::kAvailable;
  delivery_.activate(session);
  delivery_.on_batch_request(session, 1000);
  return session.id;
}

void ServerCore::log_in(Session& session, Device& device) {
  if (device.session != nullptr) {
    ++state_.counters.replaced;
    state_.report(device.account.pn(device.id).to_string(), "second_connection", "");
    end(device.session->id, stream_error(0, "replaced"));
  }
  session.role = Login{.device = &device};
  device.session = &session;
  device.visibility = Device::Visibility::kUnavailable;
  ++device.logins;
  ++state_.counters.logins;
  session.send(Node("success")
                   .with("t", state_.now())
                   .with("lid", device.account.lid(device.id))
                   .with("creation", device.linked_at)
                   .with("location", "sim")
                   .with("companion_enc_static", "NULL"));
  for (const auto& [type, since] : device.dirty)
    session.send(Node("ib")
                     .with("from", Jid::service())
                     .add(Node("dirty").with("type", type).with("timestamp", since)));
  state_.changed();
}

void ServerCore::refuse(SessionId id, int reason) {
  ++state_.counters.failed_logins;
  end(id, Node("failure").with("reason", reason).with("location", "sim"));
  state_.changed();
}

void ServerCore::end(SessionId id, const std::optional<Node>& last_word) {
  Session* session = state_.session(id);
  if (session == nullptr) return;
  if (last_word) session->send(*last_word);
  Wire* wire = session->wire;
  forget(id);
  wire->close();
}

void ServerCore::cut(SessionId id) {
  Session* session = state_.session(id);
  if (session == nullptr) return;
  Wire* wire = session->wire;
  forget(id);
  wire->cut();
}

void ServerCore::closed(SessionId id) { forget(id); }

void ServerCore::forget(SessionId id) {
  const auto found = state_.sessions.find(id);
  if (found == state_.sessions.end()) return;
  // Callers up the stack may hold the session: it stays in memory until the turn is over.
  std::shared_ptr<Session> session = std::move(found->second);
  state_.sessions.erase(found);
  linking_.on_closed(*session);
  delivery_.on_closed(*session);
  if (Device* device = session->device(); device != nullptr && device->session == session.get()) {
    device->session = nullptr;
    presence_.on_closed(*session, *device);
  }
  session->voice = Session::Voice::kHalfOpen;
  state_.timers.soon([session = std::move(session)]() mutable { session.reset(); });
  state_.changed();
}

void ServerCore::receive(SessionId id, const Node& stanza) {
  Session* session = state_.session(id);
  if (session == nullptr || session->voice == Session::Voice::kHalfOpen) return;
  if (session->registration() != nullptr) {
    if (stanza.tag() != "iq") return;
    if (stanza.attr_is("xmlns", "w:p")) {
      session->send(IqDesk::pong(state_, stanza));
    } else if (!linking_.on_iq(*session, stanza)) {
      ++state_.counters.unknown_iqs;
    }
    return;
  }
  if (Device* device = session->device()) dispatch(*session, *device, stanza);
}

void ServerCore::dispatch(Session& session, Device& device, const Node& stanza) {
  const std::string& tag = stanza.tag();
  if (device.said.limit > 0) {
    if (device.said.stanzas.size() >= device.said.limit) device.said.stanzas.pop_front();
    device.said.stanzas.push_back(stanza);
    state_.changed();
  }
  const auto to = stanza.jid("to");
  const bool to_channel = to && to->is_newsletter();
  if (tag == "receipt" && to_channel && !stanza.attr_is("type", "view"))
    state_.report(device.account.pn(device.id).to_string(), "channel_receipt",
                  stanza.attr("id").value_or(""));
  if (tag == "message" && to_channel) {
    channels_.on_message(session, device, stanza);
  } else if (tag == "message") {
    router_.route(session, device, stanza);
  } else if (tag == "iq") {
    iqs_.answer(session, device, stanza);
  } else if (tag == "ack") {
    delivery_.on_ack(device, stanza);
  } else if (tag == "receipt") {
    receipts_.relay(session, device, stanza);
  } else if (tag == "ib") {
    on_info(session, stanza);
  } else if (tag == "presence") {
    presence_.on_presence(session, device, stanza);
  } else if (tag == "chatstate") {
    presence_.on_chat_state(device, stanza);
  } else if (tag == "call") {
    calls_.relay(session, device, stanza);
  } else if (tag == "notification") {
    session.send(Node("ack")
                     .with("class", tag)
                     .with("id", stanza.attr("id").value_or(""))
                     .with("from", stanza.jid("to").value_or(Jid::service())));
  } else {
    ++state_.counters.malformed;
  }
}

void ServerCore::on_info(Session& session, const Node& ib) {
  if (const Node* batch = ib.child("offline_batch")) {
    const auto count = batch->number("count").value_or(100);
    delivery_.on_batch_request(session, count > 0 ? static_cast<std::size_t>(count) : 1);
  }
}

Result<void> ServerCore::inject(Device& device, const Fault& fault) {
  if (!is_immediate(fault.kind)) {
    device.faults.arm(fault);
    return {};
  }
  if (device.session == nullptr) return fail(ErrorCode::kNotFound, "the device is not connected");
  happen(*device.session, fault);
  return {};
}

void ServerCore::inject_everywhere(const Fault& fault) {
  if (!is_immediate(fault.kind)) {
    state_.faults.arm(fault);
    return;
  }
  std::vector<SessionId> ids;
  for (const auto& [id, session] : state_.sessions) {
    if (const Device* device = session->device(); device != nullptr && device->noise) ids.push_back(id);
  }
  for (const SessionId id : ids) {
    if (Session* session = state_.session(id)) happen(*session, fault);
  }
}

void ServerCore::happen(Session& session, const Fault& fault) {
  switch (fault.kind) {
    case Fault::Kind::kStall:
      session.wire->stall();
      if (fault.delay.count() > 0) {
        state_.timers.after(fault.delay, [this, id = session.id] {
          if (Session* still_there = state_.session(id)) still_there->wire->resume();
        });
      }
      break;
    case Fault::Kind::kResume:
      session.voice = Session::Voice::kNormal;
      session.wire->resume();
      break;
    case Fault::Kind::kHalfOpen:
      session.voice = Session::Voice::kHalfOpen;
      break;
    case Fault::Kind::kStreamError:
      end(session.id, stream_error(fault.code, fault.text));
      break;
    case Fault::Kind::kStreamEnd:
      end(session.id, Node("xmlstreamend"));
      break;
    default:
      cut(session.id);
      break;
  }
}

}  // namespace simulator
