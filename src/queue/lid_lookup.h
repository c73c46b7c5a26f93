// The phone number behind a `@lid` destination: the account's own map first, then the edge. Answers of the
// edge are remembered, good ones for a day, "none" for a minute, at most a thousand.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "edge/edge.h"
#include "queue/message_sender.h"
#include "runtime/event_loop.h"

namespace worker {

class LidLookup {
 public:
  LidLookup(runtime::EventLoop& loop, edge::Edge& edge, MessageSender& sender, std::string instance_id,
            std::optional<std::uint64_t> fence);

  /// From the account's own map only.
  runtime::Task<std::optional<whatsapp::binary::Jid>> own_pn_of(whatsapp::binary::Jid lid);
  /// Nothing: nobody knows. Errors: the edge cannot say now (kUnavailable, kTimeout), kCancelled.
  runtime::Task<base::Result<std::optional<whatsapp::binary::Jid>>> pn_of(whatsapp::binary::Jid lid);

 private:
  struct Entry {
    std::string lid;
    std::optional<whatsapp::binary::Jid> pn;
    base::Clock::time_point expires;
  };
  const Entry* remembered(const std::string& lid);
  void remember(std::string lid, std::optional<whatsapp::binary::Jid> pn);

  runtime::EventLoop& loop_;
  edge::Edge& edge_;
  MessageSender& sender_;
  std::string instance_id_;
  std::optional<std::uint64_t> fence_;
  std::list<Entry> entries_;  // the newest answer first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_lid_;
};

}  // namespace worker
