// A queue runner between a played edge and a played WhatsApp, on a real store and a clock that the test
// moves.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "queue/outbound_queue_runner.h"
#include "unit/instance_manager/fake_edge.h"
#include "unit/whatsapp/store/temporary_folder.h"
#include "whatsapp/store/sqlite_device_store.h"

namespace worker::testing {

using namespace std::chrono_literals;
using whatsapp::binary::Jid;

/// Hands out `queue` at each poll until an entry is marked, like a real edge.
class QueueEdge final : public FakeEdge {
 public:
  using FakeEdge::FakeEdge;

  std::vector<edge::QueuedMessage> queue;
  std::vector<edge::MalformedMessage> malformed;
  std::vector<edge::MarkSent> sent;
  std::vector<edge::MarkFailed> failed;
  std::vector<std::string> lids_asked;
  std::function<base::Result<void>()> on_mark = [] { return base::Result<void>{}; };
  std::function<base::Result<std::optional<std::string>>()> on_primary_jid = [] {
    return base::Result<std::optional<std::string>>{std::optional<std::string>{}};
  };
  int polls = 0;
  enum class Memory { kGood, kForgetsMarks } memory = Memory::kGood;

  void put(std::string id, std::string to, std::string body = "hi") {
    edge::QueuedMessage message;
    message.id = std::move(id);
    message.instance_id = "inst";
    message.to = std::move(to);
    message.body = std::move(body);
    message.type = "text";
    queue.push_back(std::move(message));
  }

  Reply<edge::QueueListing> queued_messages(std::string, edge::Call) override {
    ++polls;
    co_return edge::QueueListing{queue, malformed, {}, 0};
  }
  Reply<void> mark_sent(edge::MarkSent mark, edge::Call) override {
    const auto taken = on_mark();
    if (!taken) co_return base::fail(taken.error());
    forget(mark.message_id);
    sent.push_back(std::move(mark));
    co_return base::Result<void>{};
  }
  Reply<void> mark_failed(edge::MarkFailed mark, edge::Call) override {
    const auto taken = on_mark();
    if (!taken) co_return base::fail(taken.error());
    forget(mark.message_id);
    failed.push_back(std::move(mark));
    co_return base::Result<void>{};
  }
  Reply<std::optional<std::string>> primary_jid(std::string, std::string lid, edge::Call) override {
    lids_asked.push_back(std::move(lid));
    co_return on_primary_jid();
  }

 private:
  void forget(const std::string& id) {
    if (memory == Memory::kForgetsMarks) return;
    std::erase_if(queue, [&](const auto& message) { return message.id == id; });
    std::erase_if(malformed, [&](const auto& message) { return message.id == id; });
  }
};

/// A WhatsApp that journals as the real client does and answers what the test says.
class PlayedSender final : public MessageSender {
 public:
  enum class Answer { kAck, kHang };
  struct Write {
    std::string how;  // "text" or "resend"
    std::string id;
    std::string to;
    std::string body;
    base::Bytes stanza;
  };

  PlayedSender(runtime::EventLoop& loop, whatsapp::AccountStore& store) : loop_(loop), store_(store) {}

  std::vector<Write> writes;
  /// Errors for the next writes, in order; none left: acked. kClosed and the like come after the commit.
  std::deque<base::Error> errors;
  /// Writes to this destination never get an answer until the scope is closed.
  std::string silent_chat;
  std::map<std::string, std::string> own_map;  // lid user → pn user

  Reply<whatsapp::SendOutcome> send(whatsapp::OutgoingMessage message,
                                    whatsapp::SendJournal& journal) override {
    const auto* text = std::get_if<whatsapp::message::OutgoingText>(&message.content);
    const auto* media = std::get_if<whatsapp::message::OutgoingMedia>(&message.content);
    Write write{"text", message.id, message.to.to_string(), text == nullptr ? "" : text->body, {}};
    if (media != nullptr) write.body = media->caption + " at " + media->file.direct_path;
    write.stanza = base::to_bytes(fmt::format("stanza {} of {}", ++stanzas_, message.id));
    whatsapp::store::Changes changes;
    journal.stage(message.to, write.stanza, changes);
    WA_CO_TRY_VOID(co_await store_.commit(std::move(changes)));
    writes.push_back(std::move(write));
    co_return co_await answer(message.to);
  }
  Reply<whatsapp::SendOutcome> resend(std::string id, base::Bytes stanza) override {
    writes.push_back({"resend", std::move(id), {}, {}, std::move(stanza)});
    const Jid to;
    co_return co_await answer(to);
  }
  Reply<std::optional<Jid>> pn_of(Jid lid) override {
    const auto found = own_map.find(std::string(lid.user()));
    if (found == own_map.end()) co_return std::optional<Jid>{};
    co_return std::optional<Jid>{Jid(found->second, whatsapp::binary::Server::kUser)};
  }

 private:
  Reply<whatsapp::SendOutcome> answer(Jid to) {
    if (!silent_chat.empty() && to.to_string() == silent_chat) {
      runtime::OneShot<runtime::Done> never(loop_);
      const auto woken = co_await never.wait();
      co_return base::fail(woken.error());
    }
    if (!errors.empty()) {
      auto error = std::move(errors.front());
      errors.pop_front();
      co_return base::fail(std::move(error));
    }
    co_return whatsapp::SendOutcome{to, 1'760'000'100};
  }

  runtime::EventLoop& loop_;
  whatsapp::AccountStore& store_;
  int stanzas_ = 0;
};

/// Prepares every file but those of the host "gone".
class PlayedPreparer final : public MediaPreparer {
 public:
  std::vector<std::string> orders;
  std::deque<base::Error> errors;

  runtime::Task<base::Result<whatsapp::message::MediaReference>> prepare(MediaOrder order) override {
    orders.push_back(order.url);
    if (order.url.starts_with("https://gone")) co_return base::fail(base::ErrorCode::kNotFound, "HTTP 404");
    if (!errors.empty()) {
      auto error = std::move(errors.front());
      errors.pop_front();
      co_return base::fail(std::move(error));
    }
    whatsapp::message::MediaReference file;
    file.kind = order.kind;
    file.direct_path = "/prepared";
    co_return file;
  }
};

/// What survives a crash: the clock, the edge, the account's folder.
struct World {
  base::ManualClock clock;
  TemporaryFolder folder;
  QueueEdge edge{clock};
};

/// One life of the process, from recovery to its end.
struct Life {
  World& world;
  runtime::EventLoop loop{world.clock};
  runtime::BlockingExecutor executor{1};
  runtime::TaskScope scope{loop};
  base::SeededRandom random{7};
  whatsapp::AccountStore store;
  PlayedSender sender{loop, store};
  PlayedPreparer media;
  std::vector<std::string> counted;
  OutboundQueueRunner runner;

  explicit Life(World& w, std::unique_ptr<whatsapp::store::DeviceStore> device = nullptr)
      : world(w),
        store(device ? std::move(device)
                     : whatsapp::store::SqliteDeviceStore::open(
                           {w.folder.path(), whatsapp::store::Durability::kNormal})
                           .value(),
              executor.lane(loop)),
        runner({.loop = loop,
                .edge = w.edge,
                .store = store,
                .sender = sender,
                .random = random,
                .log = {},
                .fence = 5,
                .counted = [this](const std::string& result) { counted.push_back(result); },
                .media = &media},
               settings()) {
    scope.spawn(runner.run());
  }
  ~Life() {
    scope.cancel();
    settle();
    REQUIRE(scope.running() == 0);
    closing.spawn(store.close());
    while (closing.running() != 0) loop.run_once();
  }

  static QueueSettings settings() {
    QueueSettings settings;
    settings.instance_id = "inst";
    return settings;
  }

  void connect() { runner.set_link(OutboundQueueRunner::Link::kUp); }
  void disconnect() { runner.set_link(OutboundQueueRunner::Link::kDown); }

  /// Everything that can happen without time passing has happened.
  void settle() {
    for (int round = 0; round < 6; ++round) {
      bool done = false;
      probe.spawn(probe_lane(done));
      while (!done) loop.run_once();
      loop.run_until_idle();
    }
  }
  void play(base::Duration time) {
    for (auto end = world.clock.now() + time; world.clock.now() < end;) {
      settle();
      world.clock.advance(500ms);
    }
    settle();
  }
  whatsapp::store::OutboundRow row(const std::string& queue_id) {
    std::optional<whatsapp::store::OutboundRow> found;
    probe.spawn(read_row(queue_id, found));
    settle();
    REQUIRE(found.has_value());
    return *found;
  }

 private:
  runtime::Task<void> probe_lane(bool& done) {
    auto lane = executor.lane(loop);
    const auto nothing = [] {};
    co_await lane.run(nothing);
    done = true;
  }
  runtime::Task<void> read_row(std::string id, std::optional<whatsapp::store::OutboundRow>& out) {
    const auto query = [&id](whatsapp::store::DeviceStore& device) { return device.outbound(id); };
    auto found = co_await store.read(query);
    if (found) out = *std::move(found);
  }

  runtime::TaskScope probe{loop};
  runtime::TaskScope closing{loop};
};

}  // namespace worker::testing
