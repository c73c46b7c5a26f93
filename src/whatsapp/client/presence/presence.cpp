#include "whatsapp/client/presence/presence.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/push_name.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using namespace std::chrono_literals;

namespace {

constexpr auto kBetweenStates = 3s;
constexpr base::Duration kComposingAgain = 10s;
constexpr base::Duration kBetweenSubscriptions = 100ms;
constexpr base::Duration kPerCharacter = 60ms;
constexpr base::Duration kShortestTyping = 1s;
constexpr base::Duration kLongestTyping = 15s;
constexpr double kTypingJitter = 0.2;
constexpr std::int64_t kWeekMs = 604'800'000;
constexpr std::int64_t kThreeDaysMs = 259'200'000;

bool takes_chat_states(const Jid& chat) {
  return !chat.user().empty() && (chat.is_pn() || chat.is_lid() || chat.is_group());
}

}  // namespace

base::Duration typing_time(std::size_t characters, base::Random& random) {
  const auto count = static_cast<std::int64_t>(std::min<std::size_t>(characters, 10'000));
  const base::Duration time = std::clamp(kPerCharacter * count, kShortestTyping, kLongestTyping);
  return random.jitter(time, kTypingJitter);
}

/// Counts a simulation; the last one that ends takes our availability back.
class Presence::AvailableWhile {
 public:
  explicit AvailableWhile(Presence& presence) : presence_(presence) {
    ++presence_.writing_;
    presence_.adjust();
  }
  ~AvailableWhile() {
    --presence_.writing_;
    presence_.adjust();
  }
  AvailableWhile(const AvailableWhile&) = delete;
  AvailableWhile& operator=(const AvailableWhile&) = delete;

 private:
  Presence& presence_;
};

Presence::Presence(DeskParts& parts) : parts_(parts), wish_(parts.settings.manners.presence) {}

// ---- our own
// ------------------------------------------------------------------------------------------------

void Presence::attached() {
  told_ = Told::kNothing;
  last_states_.clear();
}

void Presence::opened() {
  announce(needed());
  if (!subscriptions_.empty()) parts_.connection.scope().spawn(subscribe_again());
}

void Presence::renamed() {
  if (parts_.connection.attached()) announce(needed());
}

Availability Presence::needed() const {
  return writing_ > 0 || !subscriptions_.empty() ? Availability::kAvailable : wish_;
}

void Presence::adjust() {
  if (!parts_.connection.attached()) return;
  const Told wanted = needed() == Availability::kAvailable ? Told::kAvailable : Told::kUnavailable;
  if (wanted != told_) announce(needed());
}

/// Never without a name: others would see "-".
void Presence::announce(Availability availability) {
  const std::string name = presentable_push_name(parts_.connection.self().push_name);
  if (name.empty()) return;
  const bool available = availability == Availability::kAvailable;
  Node presence =
      Node("presence").with("type", available ? "available" : "unavailable").with("name", std::string{name});
  if (!parts_.connection.send(presence)) return;
  told_ = available ? Told::kAvailable : Told::kUnavailable;
  if (!available) return;
  const std::int64_t session = (parts_.connection.unix_seconds() * 1000 + kThreeDaysMs) % kWeekMs;
  (void)parts_.connection.send(Node("ib").add(Node("unified_session").with("id", session)));
}

Result<void> Presence::set_availability(Availability wish) {
  wish_ = wish;
  if (!parts_.connection.attached()) return fail(ErrorCode::kClosed, "not connected");
  adjust();
  return {};
}

// ---- watching others
// ----------------------------------------------------------------------------------------

Task<Result<void>> Presence::subscribe(Jid who) {
  const Jid account = who.normalized().account();
  if (!takes_chat_states(account)) co_return fail(ErrorCode::kInvalidArgument, "only people can be watched");
  if (!subscriptions_.contains(account) && subscriptions_.size() >= kMostSubscriptions)
    co_return fail(ErrorCode::kLimit, "too many people are watched already");
  subscriptions_.insert(account);
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  adjust();
  const CurrentConnection::Use use(parts_.connection);
  co_return co_await write_subscription(account);
}

Result<void> Presence::unsubscribe(const Jid& who) {
  const Jid account = who.normalized().account();
  if (subscriptions_.erase(account) == 0) return {};
  if (!parts_.connection.attached()) return fail(ErrorCode::kClosed, "not connected");
  const auto written =
      parts_.connection.send(Node("presence").with("type", "unsubscribe").with("to", account));
  adjust();
  return written;
}

Task<Result<void>> Presence::write_subscription(Jid who) {
  Node subscription = Node("presence").with("type", "subscribe").with("to", who);
  if (!who.is_group()) {
    WA_CO_TRY(const auto token, co_await parts_.tokens.token_of(who));
    if (token) subscription.add_child(Node("tctoken").bytes(base::ByteView{*token}));
  }
  co_return parts_.connection.send(subscription);
}

Task<void> Presence::subscribe_again() {
  const std::vector<Jid> all{subscriptions_.begin(), subscriptions_.end()};
  for (const Jid& who : all) {
    const auto waited = co_await parts_.connection.pause(kBetweenSubscriptions);
    if (!waited) co_return;
    if (!subscriptions_.contains(who)) continue;
    const auto written = co_await write_subscription(who);
    if (!written) co_return;
  }
}

// ---- signs of writing
// ---------------------------------------------------------------------------------------

Result<void> Presence::send_chat_state(const Jid& chat, ChatState state) {
  const Jid account = chat.normalized().account();
  if (!takes_chat_states(account))
    return fail(ErrorCode::kInvalidArgument, "nobody in this chat sees us write");
  const std::string key = account.to_string();
  const auto now = parts_.outside.loop.clock().now();
  if (const LastState* last = last_states_.find(key)) {
    const bool soon = now - last->at < kBetweenStates;
    if (soon && (last->state == state || state != ChatState::kPaused)) return {};
  }
  WA_TRY_VOID(write_chat_state(account, state));
  last_states_.put(key, {state, now});
  return {};
}

Result<void> Presence::write_chat_state(const Jid& chat, ChatState state) {
  Node sign(state == ChatState::kPaused ? "paused" : "composing");
  if (state == ChatState::kRecording) sign.set("media", "audio");
  return parts_.connection.send(Node("chatstate").with("to", chat).add(std::move(sign)));
}

Task<Result<void>> Presence::simulate_typing(Jid chat, Typing kind, base::Duration duration) {
  const Jid account = chat.normalized().account();
  if (!takes_chat_states(account)) co_return Result<void>{};
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  const AvailableWhile available(*this);
  const ChatState state = kind == Typing::kVoice ? ChatState::kRecording : ChatState::kComposing;
  Result<void> done;
  while (duration > base::Duration::zero()) {
    done = write_chat_state(account, state);
    if (!done) co_return done;
    const base::Duration step = std::min(duration, kComposingAgain);
    duration -= step;
    done = co_await parts_.connection.pause(step);
    if (!done) break;
  }
  (void)write_chat_state(account, ChatState::kPaused);
  co_return done;
}

// ---- what others do
// -----------------------------------------------------------------------------------------

void Presence::take(const Node& stanza) {
  const auto from = stanza.jid("from");
  if (!from || from->user().empty()) return;
  const Jid account = from->normalized().account();
  const auto author = stanza.jid("participant");
  if (is_own_account(parts_.connection.self(), author ? *author : account)) return;
  if (stanza.tag() == "presence")
    take_presence(stanza, account);
  else
    take_chat_state(stanza, account);
}

void Presence::take_presence(const Node& stanza, const Jid& from) {
  const std::string type = stanza.attr("type").value_or("available");
  if (type != "available" && type != "unavailable") return;
  PresenceChange change{.chat = from, .who = from};
  if (type == "unavailable") {
    change.state = PresenceChange::State::kUnavailable;
    change.last_seen = stanza.number("last");
  }
  parts_.outside.sink.tell(change);
}

void Presence::take_chat_state(const Node& stanza, const Jid& from) {
  PresenceChange change{.chat = from, .who = from};
  if (const auto author = stanza.jid("participant")) change.who = author->normalized().account();
  if (const Node* composing = stanza.child("composing")) {
    change.state = composing->attr_is("media", "audio") ? PresenceChange::State::kRecording
                                                        : PresenceChange::State::kComposing;
  } else if (stanza.child("paused") != nullptr) {
    change.state = PresenceChange::State::kPaused;
  } else {
    return;
  }
  parts_.outside.sink.tell(change);
}

}  // namespace whatsapp
