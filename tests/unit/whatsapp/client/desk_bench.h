// Message desks that talk to each other through a server that the test plays: real Signal sessions, stores in
// memory behind real lanes, played time. The server keeps a queue per device and gives a stanza again until
// it is answered, like the real one; tests reach into it to corrupt, drop, repeat or reorder.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "runtime/blocking_executor.h"
#include "runtime/event_loop.h"
#include "runtime/task_scope.h"
#include "whatsapp/binary/codec.h"
#include "whatsapp/binary/iq.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/answer_table.h"
#include "whatsapp/client/message_desk.h"
#include "whatsapp/store/memory_device_store.h"

namespace whatsapp::test {

using binary::Jid;
using binary::Node;

struct Event {
  std::string chat, sender, id, body, kind;
  bool from_me = false;
};

class RecordingSink final : public MessageSink {
 public:
  [[nodiscard]] bool has_room() const override { return room; }
  void stage(const IncomingMessage& message, store::Changes& changes) override {
    changes.inbound.push_back({0, message.chat.to_string(), message.id, readable_body(message.content), 0});
    last = message;
    events.push_back({message.chat.to_string(), message.sender.to_string(), message.id,
                      readable_body(message.content), std::string{to_string(message.content.kind)},
                      message.direction == IncomingMessage::Direction::kFromMe});
  }
  void staged() override { ++told; }
  void stage_event(const ClientEvent& event, store::Changes&) override { happened.push_back(event); }
  void tell(const ClientEvent& event) override { happened.push_back(event); }

  bool room = true;
  std::vector<Event> events;
  std::optional<IncomingMessage> last;
  int told = 0;
  std::vector<ClientEvent> happened;
};

class RecordingObserver final : public ClientObserver {
 public:
  void on_qr(const std::string&, base::Duration) override {}
  void on_paired(const Self&) override {}
  void on_open(const Self&) override {}
  void on_decrypt_failure(const std::string& id, signal::DecryptError) override { failed.push_back(id); }
  void on_decrypt_repaired(const std::string& id) override { repaired.push_back(id); }

  std::vector<std::string> failed;
  std::vector<std::string> repaired;
};

class RecordingJournal final : public SendJournal {
 public:
  void stage(const Jid& to, base::ByteView bytes, store::Changes& changes) override {
    told = to.to_string();
    stanza = base::to_bytes(bytes);
    store::OutboundRow row;
    row.queue_id = "q";
    row.wa_message_id = "w";
    row.stanza = stanza;
    changes.outbound.push_back(std::move(row));
    ++calls;
  }
  std::string told;
  base::Bytes stanza;
  int calls = 0;
};

class Party;

/// Plays the server for all parties.
class FakeServer {
 public:
  explicit FakeServer(runtime::EventLoop& server_loop) : loop(server_loop) {}

  void on_sent(Party& from, const Node& stanza);
  void acknowledge(Party& from, const Node& message);
  std::optional<Node> answer(Party& from, const Node& iq);
  void deliver(Party& to, Node stanza);
  Party* device(const Jid& jid);

  runtime::EventLoop& loop;
  std::vector<Party*> parties;
  /// Changes a message on its way to a device; false: it is dropped.
  std::function<bool(Party& to, Node& stanza)> on_delivery;
  /// The ack of a message; nothing: none. Absent: a plain one.
  std::function<std::optional<Node>(const Node& message, Node plain)> on_ack;
  /// Takes a stanza instead of the server; false: it is the server's.
  std::function<bool(Party& from, const Node& stanza)> on_stanza;
  /// Answers an iq instead of the server.
  std::function<std::optional<Node>(const Node& iq)> on_query;
  std::map<std::string, std::string> canonical_numbers;  // asked → PN user
  std::vector<std::string> unregistered;
  int device_queries = 0;
  int number_queries = 0;
  int bundle_queries = 0;
};

/// One device of somebody: a desk, its store, its connection.
class Party final : public StanzaChannel, public PreKeySupply {
 public:
  Party(FakeServer& server, runtime::BlockingExecutor& executor, std::string pn_user, std::string lid_user,
        std::uint16_t device, std::uint64_t seed)
      : server_(server), random_(seed), loop_(server.loop) {
    auto owned = std::make_unique<store::MemoryDeviceStore>();
    memory = owned.get();
    account = std::make_unique<AccountStore>(std::move(owned), executor.lane(loop_));
    make_credentials(pn_user, lid_user, device);
    desk = std::make_unique<MessageDesk>(
        MessageDeskDependencies{loop_, *account, random_, observer, sink, *this, base::Log{}},
        MessageDeskSettings{});
    server.parties.push_back(this);
  }

  void connect() {
    answers_ = std::make_shared<AnswerTable>(loop_);
    online = true;
    close_reason.reset();
    Self self{credentials.paired->pn, credentials.paired->lid, "name"};
    auto close = [this](base::Error reason) { close_reason = std::move(reason); };
    desk->attach(LiveConnection{*this, credentials, self, close});
    // What was never answered comes again.
    for (auto entry = unanswered.rbegin(); entry != unanswered.rend(); ++entry) inbox.push_front(*entry);
    unanswered.clear();
  }

  [[nodiscard]] Jid pn() const { return credentials.paired->pn; }
  [[nodiscard]] Jid lid() const { return credentials.paired->lid; }

  // StanzaChannel
  base::Result<void> send(const Node& stanza) override {
    if (!online) return base::fail(base::ErrorCode::kClosed, "closed");
    sent.push_back(stanza);
    note_answer(stanza);
    server_.on_sent(*this, stanza);
    return {};
  }
  base::Result<void> send_encoded(base::ByteView stanza) override {
    if (!online) return base::fail(base::ErrorCode::kClosed, "closed");
    written.push_back(base::to_bytes(stanza));
    if (on_write) on_write();
    auto node = binary::decode(stanza);
    REQUIRE(node);
    sent.push_back(*node);
    server_.on_sent(*this, *node);
    return {};
  }
  runtime::Task<base::Result<Node>> query(Node iq, base::Duration timeout) override {
    WA_CO_TRY(auto answer, co_await exchange(std::move(iq), timeout));
    WA_CO_TRY_VOID(binary::check_answer(answer));
    co_return answer;
  }
  runtime::Task<base::Result<Node>> exchange(Node iq, base::Duration timeout) override {
    std::string id = std::to_string(++last_id_);
    iq.set("id", id);
    AnswerTable::Slot slot(answers_, id);
    if (!online) co_return base::fail(base::ErrorCode::kClosed, "closed");
    if (auto answer = server_.answer(*this, iq)) {
      answer->set("id", id);
      answers_->resolve(id, *answer);
    }
    co_return co_await slot.wait(timeout);
  }
  std::unique_ptr<PendingAck> expect_ack(std::string id) override;
  [[nodiscard]] std::int64_t server_time() const override { return loop_.clock().unix_seconds(); }
  void resolve_ack(const std::string& id, const Node& ack) { answers_->resolve("m" + id, ack); }
  void drop_line() {
    online = false;
    answers_->close();
  }

  // PreKeySupply
  void refill_if_low(std::size_t count) override { refills.push_back(count); }
  void check_digest() override { ++digests; }
  runtime::Task<base::Result<signal::PreKey>> hand_out_one() override {
    const signal::PreKey key = signal::generate_pre_key(next_pre_key_++, random_);
    store::Changes changes;
    changes.pre_keys.push_back({key, store::PreKeyRow::Upload::kHandedOutDirectly});
    WA_CO_TRY_VOID(co_await account->commit(std::move(changes)));
    ++handed_out;
    co_return key;
  }

  /// What the server gives out for this device; the one-time key goes away.
  Node bundle();

  [[nodiscard]] std::vector<Node> sent_with_tag(std::string_view tag) const {
    std::vector<Node> out;
    for (const Node& node : sent)
      if (node.tag() == tag) out.push_back(node);
    return out;
  }
  [[nodiscard]] std::vector<Node> receipts(std::string_view type) const {
    std::vector<Node> out;
    for (const Node& node : sent_with_tag("receipt"))
      if (node.attr("type").value_or("") == type) out.push_back(node);
    return out;
  }

  std::unique_ptr<AccountStore> account;
  store::MemoryDeviceStore* memory = nullptr;
  store::DeviceCredentials credentials;
  RecordingSink sink;
  RecordingObserver observer;
  std::unique_ptr<MessageDesk> desk;
  bool online = false;
  bool handling = false;
  std::deque<Node> inbox;
  std::deque<Node> unanswered;
  std::vector<Node> sent;
  std::vector<base::Bytes> written;
  std::function<void()> on_write;
  std::optional<base::Error> close_reason;
  std::map<std::string, int> answers_given;  // "tag id from" → count
  std::vector<std::size_t> refills;
  int digests = 0;
  int handed_out = 0;
  std::vector<signal::PreKey> public_pre_keys;
  std::vector<std::uint16_t> devices;  // of the account, as usync tells; set on every party of it

 private:
  void make_credentials(const std::string& pn_user, const std::string& lid_user, std::uint16_t device) {
    credentials.identity = crypto::generate_key_pair(random_);
    credentials.noise = crypto::generate_key_pair(random_);
    credentials.registration_id = signal::generate_registration_id(random_);
    credentials.signed_pre_key = signal::generate_signed_pre_key(1, credentials.identity, 0, random_);
    store::PairedDevice paired;
    paired.pn = pn_jid(pn_user, device);
    paired.lid = lid_user.empty() ? Jid{} : lid_jid(lid_user, device);
    paired.account_identity = base::to_bytes("identity");
    credentials.paired = paired;
    store::Changes changes;
    changes.credentials = credentials;
    changes.signed_pre_keys.push_back(credentials.signed_pre_key);
    for (int i = 0; i < 5; ++i) {
      public_pre_keys.push_back(signal::generate_pre_key(next_pre_key_++, random_));
      changes.pre_keys.push_back({public_pre_keys.back(), store::PreKeyRow::Upload::kConfirmed});
    }
    REQUIRE(memory->commit(changes));
  }
  void note_answer(const Node& stanza) {
    const bool ack = stanza.tag() == "ack";
    const bool receipt =
        stanza.tag() == "receipt" && !stanza.attr_is("type", "retry") && !stanza.attr_is("type", "hist_sync");
    if (!ack && !receipt) return;
    const std::string tag = ack ? stanza.attr("class").value_or("") : "message";
    const std::string id = stanza.attr("id").value_or("");
    ++answers_given[tag + " " + id];
    std::erase_if(unanswered, [&](const Node& waiting) {
      return waiting.tag() == tag && waiting.attr("id").value_or("") == id;
    });
  }

  FakeServer& server_;
  base::SeededRandom random_;
  runtime::EventLoop& loop_;
  std::shared_ptr<AnswerTable> answers_;
  std::uint32_t next_pre_key_ = 1;
  int last_id_ = 0;
};

class FakePendingAck final : public PendingAck {
 public:
  FakePendingAck(std::shared_ptr<AnswerTable> table, std::string id)
      : slot_(std::move(table), std::move(id)) {}
  runtime::Task<base::Result<Node>> wait(base::Duration timeout) override { return slot_.wait(timeout); }

 private:
  AnswerTable::Slot slot_;
};

inline std::unique_ptr<PendingAck> Party::expect_ack(std::string id) {
  return std::make_unique<FakePendingAck>(answers_, "m" + id);
}

inline Node Party::bundle() {
  const auto number = [](std::string_view tag, auto bytes) { return Node(tag).bytes(base::ByteView{bytes}); };
  const signal::SignedPreKey& key = credentials.signed_pre_key;
  Node user = Node("user")
                  .add(number("registration", base::big_endian<4>(credentials.registration_id)))
                  .add(number("identity", credentials.identity.public_key))
                  .add(Node("skey")
                           .add(number("id", base::big_endian<3>(key.id)))
                           .add(number("value", key.keys.public_key))
                           .add(number("signature", key.signature)));
  if (!public_pre_keys.empty()) {
    const signal::PreKey one = public_pre_keys.back();
    public_pre_keys.pop_back();
    user.add_child(
        Node("key").add(number("id", base::big_endian<3>(one.id))).add(number("value", one.keys.public_key)));
  }
  return user;
}

// ---- the server ---------------------------------------------------------------------------------------

inline Party* FakeServer::device(const Jid& jid) {
  for (Party* party : parties) {
    const Jid own = jid.is_lid() ? party->lid() : party->pn();
    if (own.user() == jid.user() && own.device() == jid.device()) return party;
  }
  return nullptr;
}

inline void FakeServer::deliver(Party& to, Node stanza) {
  if (on_delivery && !on_delivery(to, stanza)) return;
  to.inbox.push_back(std::move(stanza));
}

/// The stanza that one device gets of a message.
inline Node stanza_for_device(Party& from, const Node& message, const Node& enc, const Jid& target) {
  const Jid to = *message.jid("to");
  const bool by_lid = to.is_lid();
  Node out("message");
  out.set("id", *message.attr("id"));
  out.set("from", by_lid ? from.lid() : from.pn());
  out.set("type", message.attr("type").value_or("text"));
  out.set("t", "1760000000");
  out.set("notify", "name");
  const bool own = target.user() == (by_lid ? from.lid() : from.pn()).user();
  if (own) {
    out.set("recipient", message.jid("recipient").value_or(to).bare());
    if (const auto pn = message.jid("peer_recipient_pn")) out.set("peer_recipient_pn", *pn);
  } else if (!from.lid().user().empty()) {
    out.set(by_lid ? "sender_pn" : "sender_lid", (by_lid ? from.pn() : from.lid()).bare());
  }
  out.add_child(enc);
  if (enc.attr_is("type", "pkmsg"))
    if (const Node* identity = message.child("device-identity")) out.add_child(*identity);
  return out;
}

inline void FakeServer::on_sent(Party& from, const Node& stanza) {
  if (on_stanza && on_stanza(from, stanza)) return;
  if (stanza.tag() == "receipt" && stanza.attr_is("type", "retry")) {
    const Jid to = *stanza.jid("to");
    if (Party* party = device(to)) {
      Node relayed("receipt");
      relayed.set("id", *stanza.attr("id"));
      relayed.set("type", "retry");
      relayed.set("from", to.is_lid() ? from.lid() : from.pn());
      if (const auto recipient = stanza.jid("recipient")) relayed.set("recipient", *recipient);
      for (const Node& child : stanza.children()) relayed.add_child(child);
      deliver(*party, relayed);
    }
    return;
  }
  if (stanza.tag() != "message") return;
  if (const Node* participants = stanza.child("participants")) {
    for (const Node* to : participants->children("to"))
      if (Party* party = device(*to->jid("jid")))
        deliver(*party, stanza_for_device(from, stanza, *to->child("enc"), *to->jid("jid")));
  } else if (Party* party = device(*stanza.jid("to"))) {
    deliver(*party, stanza_for_device(from, stanza, *stanza.child("enc"), *stanza.jid("to")));
  }
  acknowledge(from, stanza);
}

inline void FakeServer::acknowledge(Party& from, const Node& stanza) {
  const std::string id = *stanza.attr("id");
  Node plain = Node("ack")
                   .with("class", "message")
                   .with("id", std::string{id})
                   .with("from", *stanza.jid("to"))
                   .with("t", "1760000001");
  const auto ack = on_ack ? on_ack(stanza, plain) : std::optional<Node>{plain};
  if (ack) loop.post([&from, id, answer = *ack] { from.resolve_ack(id, answer); });
}

inline std::optional<Node> FakeServer::answer(Party& from, const Node& iq) {
  (void)from;
  if (on_query)
    if (auto own = on_query(iq)) return own;
  Node result = Node("iq").with("type", "result");
  if (const Node* key = iq.child("key")) {
    ++bundle_queries;
    Node list("list");
    for (const Node* user : key->children("user")) {
      const Jid jid = *user->jid("jid");
      Party* party = device(jid);
      Node entry = party != nullptr ? party->bundle() : Node("user").add(Node("error").with("code", "404"));
      entry.set("jid", jid);
      list.add_child(std::move(entry));
    }
    return std::move(result).add(std::move(list));
  }
  const Node* usync = iq.child("usync");
  if (usync == nullptr) return std::nullopt;
  Node list("list");
  const bool numbers = usync->child("query")->child("contact") != nullptr;
  ++(numbers ? number_queries : device_queries);
  for (const Node* user : usync->child("list")->children("user")) {
    std::string pn_user;
    if (const Node* contact = user->child("contact")) {
      pn_user = std::string{contact->text()}.substr(1);
      const auto corrected = canonical_numbers.find(pn_user);
      if (corrected != canonical_numbers.end()) pn_user = corrected->second;
    }
    Party* found = nullptr;
    for (Party* party : parties) {
      const bool asked_by_jid = user->jid("jid") && (party->pn().user() == user->jid("jid")->user() ||
                                                     party->lid().user() == user->jid("jid")->user());
      if (asked_by_jid || party->pn().user() == pn_user) found = party;
    }
    Node entry("user");
    if (const Node* contact = user->child("contact"))
      entry.add_child(Node("contact").with("type", found != nullptr ? "in" : "out").text(contact->text()));
    if (found != nullptr) {
      entry.set("jid", user->jid("jid") ? *user->jid("jid") : found->pn().bare());
      if (!found->lid().user().empty()) entry.add_child(Node("lid").with("val", found->lid().bare()));
      Node devices("device-list");
      for (const std::uint16_t id : found->devices)
        devices.add_child(Node("device").with("id", id).with("key-index", id));
      if (!numbers) entry.add_child(Node("devices").add(std::move(devices)));
    }
    list.add_child(std::move(entry));
  }
  return std::move(result).add(Node("usync").add(std::move(list)));
}

// ---- the bench ----------------------------------------------------------------------------------------

/// Alice has a phone and a companion, Bob a phone. Everybody is connected, offline delivery is over.
class DeskBench {
 public:
  DeskBench() {
    for (Party* party : {&alice, &alice_phone, &bob}) {
      party->connect();
      party->desk->offline_finished();
    }
    alice.devices = alice_phone.devices = {0, 1};
    bob.devices = {0};
    settle();
  }
  ~DeskBench() {
    for (Party* party : server.parties) {
      party->drop_line();
      run_to_end(party->desk->detach());
      scope.cancel();
    }
    until([this] { return scope.running() == 0; });
    for (Party* party : server.parties) run_to_end(party->account->close());
  }

  template <class Condition>
  void until(Condition condition) {
    for (int i = 0; i < 20'000 && !condition(); ++i) {
      turn();
      if (!condition()) std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    REQUIRE(condition());
  }
  /// Until nothing moves any more, the stores' lanes included.
  void settle() {
    for (int quiet = 0; quiet < 12;) {
      const auto before = progress();
      for (Party* party : server.parties) {
        bool done = false;
        lane_scope_.spawn(pass_lane(*party->account, done));
        until([&] { return done; });
      }
      turn();
      quiet = progress() == before ? quiet + 1 : 0;
    }
  }
  void pass(std::chrono::milliseconds time) {
    for (auto passed = std::chrono::milliseconds{0}; passed < time;
         passed += std::chrono::milliseconds{250}) {
      clock.advance(std::chrono::milliseconds{250});
      settle();
    }
  }
  template <class T>
  T run(runtime::Task<T> task) {
    std::optional<T> out;
    scope.spawn(keep(std::move(task), out));
    until([&] { return out.has_value(); });
    return *std::move(out);
  }
  /// Starts a send; look at `outcomes` later.
  void start_text(Party& from, const Jid& to, const std::string& id, const std::string& body) {
    scope.spawn(keep(from.desk->send(text(to, id, body), journal), outcomes[id]));
  }
  base::Result<SendOutcome> send(Party& from, const Jid& to, const std::string& id, const std::string& body) {
    auto outcome = run(from.desk->send(text(to, id, body), journal));
    settle();
    return outcome;
  }
  /// Hands a stanza to a party as the server would.
  void give(Party& to, Node stanza) {
    to.inbox.push_back(std::move(stanza));
    settle();
  }
  void disconnect(Party& party) {
    party.drop_line();
    run_to_end(party.desk->detach());
    until([&] { return !party.handling; });
  }
  /// A party that a test made itself must leave before it is destroyed.
  void leave(Party& party) {
    disconnect(party);
    run_to_end(party.account->close());
    std::erase(server.parties, &party);
  }
  void reconnect(Party& party) {
    disconnect(party);
    party.connect();
    party.desk->offline_finished();
    settle();
  }

  static OutgoingMessage text(const Jid& to, const std::string& id, const std::string& body) {
    OutgoingMessage out;
    out.to = to;
    out.id = id;
    out.content = message::OutgoingText{.body = body};
    return out;
  }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  runtime::BlockingExecutor executor{1};
  FakeServer server{loop};
  Party alice_phone{server, executor, "15550001111", "100000000000001", 0, 11};
  Party alice{server, executor, "15550001111", "100000000000001", 1, 12};
  Party bob{server, executor, "15550002222", "200000000000002", 0, 13};
  RecordingJournal journal;
  std::map<std::string, std::optional<base::Result<SendOutcome>>> outcomes;
  runtime::TaskScope scope{loop};

 private:
  void turn() {
    for (Party* party : server.parties) pump(*party);
    loop.run_until_idle();
  }
  void pump(Party& party) {
    if (!party.online || party.handling || party.inbox.empty()) return;
    Node stanza = std::move(party.inbox.front());
    party.inbox.pop_front();
    if (stanza.has_attr("id") && stanza.has_attr("from")) party.unanswered.push_back(stanza);
    party.handling = true;
    scope.spawn(handle(party, std::move(stanza)));
  }
  static runtime::Task<void> handle(Party& party, Node stanza) {
    co_await party.desk->handle(std::move(stanza));
    party.handling = false;
  }
  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    out.emplace(co_await std::move(task));
  }
  static runtime::Task<void> pass_lane(AccountStore& store, bool& done) {
    auto nothing = [](store::DeviceStore&) { return store::Result<int>{0}; };
    (void)co_await store.read(nothing);
    done = true;
  }
  static runtime::Task<void> finish(runtime::Task<void> task, bool& done) {
    co_await std::move(task);
    done = true;
  }
  void run_to_end(runtime::Task<void> task) {
    bool done = false;
    runtime::TaskScope own{loop};
    own.spawn(finish(std::move(task), done));
    for (int i = 0; i < 20'000 && !done; ++i) {
      loop.run_until_idle();
      if (!done) std::this_thread::sleep_for(std::chrono::microseconds{100});
    }
    REQUIRE(done);
  }
  runtime::TaskScope lane_scope_{loop};
  [[nodiscard]] std::size_t progress() const {
    std::size_t sum = 0;
    for (const Party* party : server.parties)
      sum += party->sent.size() * 1000 + party->inbox.size() + (party->handling ? 100 : 0);
    return sum;
  }
};

/// The stanza with the last byte of each <enc> of the wanted type changed.
inline Node corrupted(const Node& stanza) {
  Node out(stanza.tag());
  for (const auto& attribute : stanza.attributes()) out.set(attribute.key, attribute.value);
  for (const Node& child : stanza.children()) {
    Node copy = child;
    if (copy.tag() == "enc") {
      base::Bytes bytes = copy.take_bytes();
      bytes.back() ^= 0xFF;
      copy.set_bytes(std::move(bytes));
    }
    out.add_child(std::move(copy));
  }
  return out;
}

}  // namespace whatsapp::test
