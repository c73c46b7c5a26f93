#include "whatsapp/client/presence/calls.h"

#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/message_source.h"
#include "whatsapp/client/stanza_answer.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using State = CallChange::State;

namespace {

/// An offer older than this has stopped ringing.
constexpr std::int64_t kRingingSeconds = 60;
constexpr std::size_t kLongestCallId = 128;

}  // namespace

Task<void> Calls::take(const Node& stanza) {
  StanzaAnswer answer(parts_.connection, stanza, parts_.outside.log);
  const auto taken = co_await take_in(stanza);
  if (taken) {
    answer.ack();
  } else {
    // It comes again, and must not look like something we know.
    if (!stanza.children().empty()) courses_.erase(stanza.children().front().attr("call-id").value_or(""));
    answer.give_up(taken.error());
  }
}

Task<Result<void>> Calls::take_in(const Node& stanza) {
  auto sign = read(stanza);
  if (!sign) co_return Result<void>{};
  const Node& event = stanza.children().front();
  if (!follow(event, *sign)) co_return Result<void>{};

  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await parts_.lids.learn(sign->pairs, work.changes));
  if (sign->change.from.is_lid()) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(sign->change.from.user())));
    if (pn) sign->change.from = pn_jid(*pn);
  }
  parts_.outside.sink.stage_event(sign->change, work.changes);
  const bool refuse = to_be_rejected(sign->change);
  if (refuse) {
    CallChange rejected = sign->change;
    rejected.state = State::kRejected;
    parts_.outside.sink.stage_event(rejected, work.changes);
  }
  WA_CO_TRY_VOID(co_await work.commit());
  parts_.outside.sink.staged();
  if (refuse) (void)reject(sign->change.id, sign->wire_caller);
  co_return Result<void>{};
}

bool Calls::to_be_rejected(const CallChange& change) const {
  return change.state == State::kOffered && !change.group &&
         parts_.settings.manners.reject_calls == IncomingCalls::kReject;
}

std::optional<Calls::Sign> Calls::read(const Node& stanza) const {
  const auto from = stanza.jid("from");
  if (!from || stanza.children().empty()) return std::nullopt;
  const Node& event = stanza.children().front();
  Sign out;
  out.change.id = event.attr("call-id").value_or("");
  if (out.change.id.empty() || out.change.id.size() > kLongestCallId) return std::nullopt;
  out.wire_caller = event.jid("call-creator").value_or(*from).normalized().account();
  out.change.from = out.wire_caller;
  if (const auto pn = event.jid("caller_pn"))
    if (auto pair = pair_of(out.wire_caller, pn->normalized().account()))
      out.pairs.push_back(*std::move(pair));
  if (const auto lid = stanza.jid("sender_lid"))
    if (auto pair = pair_of(from->normalized().account(), lid->normalized().account()))
      out.pairs.push_back(*std::move(pair));
  if (const auto group = event.jid("group-jid")) out.change.group = group->normalized().account();
  if (event.child("video") != nullptr || event.attr_is("media", "video"))
    out.change.kind = CallChange::Kind::kVideo;
  const std::int64_t now = parts_.connection.unix_seconds();
  out.change.at = stanza.number("t").value_or(now);
  return out;
}

bool Calls::follow(const Node& event, Sign& sign) {
  CallChange& change = sign.change;
  Course* course = courses_.find(change.id);
  const std::string& tag = event.tag();
  if (tag == "offer" || tag == "offer_notice") {
    if (course != nullptr) return false;  // the offer came twice
    const bool old = parts_.connection.unix_seconds() - change.at > kRingingSeconds;
    change.state = old ? State::kMissed : State::kOffered;
    courses_.put(change.id,
                 {old ? Course::State::kOver : Course::State::kRinging, change.kind, sign.wire_caller});
    return true;
  }
  if (course != nullptr) change.kind = course->kind;
  const bool ringing = course == nullptr || course->state == Course::State::kRinging;
  const bool over = course != nullptr && course->state == Course::State::kOver;
  if (over) return false;
  if (tag == "accept") {
    change.state = State::kAccepted;
    if (!ringing) return false;
  } else if (tag == "reject") {
    change.state = State::kRejected;
  } else if (tag == "terminate") {
    change.state = course != nullptr && ringing ? State::kMissed : State::kTerminated;
  } else {
    return false;
  }
  const auto state = tag == "accept" ? Course::State::kAnswered : Course::State::kOver;
  courses_.put(change.id, {state, change.kind, sign.wire_caller});
  return true;
}

Result<void> Calls::reject(const std::string& call_id, const Jid& from) {
  if (call_id.empty() || from.user().empty()) return fail(ErrorCode::kInvalidArgument, "no such call");
  if (!parts_.connection.attached()) return fail(ErrorCode::kClosed, "not connected");
  Jid caller = from.normalized().account();
  if (const Course* course = courses_.find(call_id)) caller = course->wire_caller;
  const Self& self = parts_.connection.self();
  const bool by_lid = caller.is_lid() && !self.lid.user().empty();
  Node refusal =
      Node("reject").with("call-id", std::string{call_id}).with("call-creator", caller).with("count", "0");
  return parts_.connection.send(Node("call")
                                    .with("id", base::to_hex(parts_.outside.random.bytes<8>()))
                                    .with("from", (by_lid ? self.lid : self.pn).account())
                                    .with("to", caller)
                                    .add(std::move(refusal)));
}

}  // namespace whatsapp
