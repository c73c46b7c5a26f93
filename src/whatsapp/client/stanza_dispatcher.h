// The order of a connection: stanzas are handled one at a time, in the order in which they came. The reader
// only queues them here, so that it goes on delivering answers and pings while a handler waits for one.
//
// The queue is bounded twice. Above the soft limit it asks the reader to pause; the reader does, unless
// somebody waits for an answer that may stand behind. Above the hard limit the connection is given up: what
// was not handled was not acked, so the server delivers it again.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

struct DispatcherLimits {
  std::size_t soft_stanzas = 512;
  std::size_t soft_bytes = 4u << 20;  // of memory, estimated
  std::size_t hard_stanzas = 16'384;
  std::size_t hard_bytes = 128u << 20;
};

class StanzaDispatcher {
 public:
  enum class Load { kLight, kHeavy, kTooMuch };

  StanzaDispatcher(runtime::EventLoop& loop, DispatcherLimits limits) : loop_(loop), limits_(limits) {}

  /// Queues a stanza and says how full the queue is now. At kTooMuch it was not queued.
  Load push(binary::Node stanza);
  [[nodiscard]] Load load() const;

  /// Hands the queue to `handler`, one by one, until its scope is cancelled. `drained` is told each time
  /// the load has become light again.
  runtime::Task<void> serve(StanzaHandler& handler, std::function<void()> drained);

 private:
  struct Queued {
    binary::Node stanza;
    std::size_t bytes = 0;
  };
  runtime::Task<base::Result<Queued>> next();

  runtime::EventLoop& loop_;
  DispatcherLimits limits_;
  std::deque<Queued> queue_;
  std::size_t bytes_ = 0;
  runtime::OneShot<runtime::Done>* idle_server_ = nullptr;  // set while serve() waits for a stanza
};

/// What a node costs in memory, roughly.
std::size_t estimated_bytes(const binary::Node& node);

}  // namespace whatsapp
