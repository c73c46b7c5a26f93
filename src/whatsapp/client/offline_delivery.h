// The stanzas that waited at the server while we were away. Right after login the server announces them
// (`offline_preview`), we ask for them once (`offline_batch`), they come marked with the attribute `offline`,
// and `<offline/>` says that this was all. A server that forgets the end does not keep the account waiting:
// 60 s without an offline stanza count as the end (spec 01 §16).
#pragma once

#include <functional>

#include "base/clock.h"
#include "runtime/event_loop.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

/// One per logged-in connection.
class OfflineDelivery {
 public:
  /// `finished` is told once, by the end marker or by the stall timer.
  OfflineDelivery(runtime::EventLoop& loop, std::function<void()> finished);
  ~OfflineDelivery();
  OfflineDelivery(const OfflineDelivery&) = delete;
  OfflineDelivery& operator=(const OfflineDelivery&) = delete;

  /// The account is open: from now on silence is counted, and an end that came before is told.
  void begin();
  /// `<offline_preview>`: asks for the batch, once for each preview.
  void on_preview(StanzaChannel& channel);
  /// Any stanza that is about to be handled.
  void on_stanza(const binary::Node& stanza);
  /// `<offline>`: all before it has been handled.
  void on_end();

 private:
  enum class Phase { kBeforeOpen, kEndedBeforeOpen, kDelivering, kFinished };

  void arm();
  void finish();

  runtime::EventLoop& loop_;
  std::function<void()> finished_;
  Phase phase_ = Phase::kBeforeOpen;
  runtime::EventLoop::TimerId stall_timer_ = 0;
};

}  // namespace whatsapp
