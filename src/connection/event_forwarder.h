// What happened around an account, on its way to the edge: delivery states, groups, calls, contacts. Facts
// are spooled in the transaction that they belong to and sent in batches until the edge has taken them; what
// is only true for a moment waits in memory, and the oldest of it makes room. An edge without the capability
// `events` hears nothing, and nothing is spooled for it.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "edge/capabilities.h"
#include "edge/edge.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/events.h"

namespace worker {

struct EventSettings {
  std::string instance_id;
  std::size_t batch = 100;
  base::Duration gather{150};      // after the first news, so that a burst is one request
  std::uint64_t most = 20'000;     // spooled; beyond it new events are dropped and counted
  std::size_t most_moments = 256;  // in memory
};

struct EventDependencies {
  runtime::EventLoop& loop;
  edge::Edge& edge;
  const edge::Capabilities& capabilities;
  whatsapp::AccountStore& store;
  base::Random& random;
  base::Log log;
  std::optional<std::uint64_t> fence;                      // of the instance's lock
  std::function<void(const std::string& result)> counted;  // "delivered", "dropped"; may be empty
};

class EventForwarder {
 public:
  EventForwarder(EventDependencies dependencies, EventSettings settings);
  EventForwarder(const EventForwarder&) = delete;
  EventForwarder& operator=(const EventForwarder&) = delete;

  /// Until cancelled; once per object.
  runtime::Task<void> run();

  /// Into the transaction; `staged` after the commit.
  void stage(const whatsapp::ClientEvent& event, whatsapp::store::Changes& changes);
  /// A message from before the link: the fields of POST /inbound as an event of type "history".
  void stage_history(const edge::InboundMessage& message, whatsapp::store::Changes& changes);
  void staged() { wake(); }
  /// Not kept.
  void tell(const whatsapp::ClientEvent& event);

 private:
  struct Page;

  runtime::Task<base::Result<void>> wait_for_news();
  runtime::Task<base::Result<Page>> next_page();
  runtime::Task<base::Result<void>> send(Page page);
  runtime::Task<base::Result<void>> forget(const Page& page);
  void spool(const edge::Event& event, whatsapp::store::Changes& changes);
  void count(const char* result, std::size_t times);
  void wake();

  EventDependencies with_;
  EventSettings settings_;
  std::deque<edge::Event> moments_;
  std::uint64_t spooled_ = 0;
  bool news_ = true;  // what an earlier life left
  runtime::OneShot<runtime::Done>* sleeper_ = nullptr;
};

}  // namespace worker
