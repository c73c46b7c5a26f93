#include "simulator/people/call_relay.h"

namespace simulator {

void CallRelay::relay(Session& session, const Device& caller, const Node& call) {
  const auto to = call.jid("to");
  const auto id = call.attr("id");
  if (!to || !id || call.children().empty()) {
    ++state_.counters.malformed;
    return;
  }
  const Node& signal = call.children().front();
  session.send(Node("ack")
                   .with("class", "call")
                   .with("id", *id)
                   .with("from", *to)
                   .with("type", signal.tag())
                   .with("t", state_.now()));
  const Account* target = state_.directory.account(*to);
  if (target == nullptr) return;
  const Addressing form = addressing_of(*to);
  Node passed = signal;
  if (form == Addressing::kLid) passed.set("caller_pn", caller.account.pn());
  Node stanza = Node("call")
                    .with("from", caller.account.jid(form, caller.id))
                    .with("id", *id)
                    .with("t", call.number("t").value_or(state_.now()))
                    .with("platform", caller.account.platform);
  if (!caller.account.push_name.empty()) stanza.set("notify", caller.account.push_name);
  if (form == Addressing::kPn) stanza.set("sender_lid", caller.account.lid());
  stanza.add_child(std::move(passed));
  for (const auto& [number, device] : target->devices) {
    // A call that has ended does not ring any more on a device that comes later.
    if (signal.tag() == "terminate") device->outbox.withdraw_offer(signal.attr("call-id").value_or(""));
    delivery_.deliver(*device, stanza);
  }
  state_.changed();
}

}  // namespace simulator
