#include "whatsapp/client/offline_delivery.h"

#include <utility>

namespace whatsapp {
namespace {

constexpr base::Duration kLongestStall{60'000};
constexpr int kBatch = 100;  // stanzas the server may send before it waits for our acks

}  // namespace

OfflineDelivery::OfflineDelivery(runtime::EventLoop& loop, std::function<void()> finished)
    : loop_(loop), finished_(std::move(finished)) {}

OfflineDelivery::~OfflineDelivery() { loop_.cancel_timer(stall_timer_); }

void OfflineDelivery::begin() {
  if (phase_ == Phase::kEndedBeforeOpen) return finish();
  phase_ = Phase::kDelivering;
  arm();
}

void OfflineDelivery::on_preview(StanzaChannel& channel) {
  auto batch = binary::Node("ib").add(binary::Node("offline_batch").with("count", kBatch));
  // Without it the server delivers as well, only slower; a lost connection is noticed elsewhere.
  (void)channel.send(batch);
  arm();
}

void OfflineDelivery::on_stanza(const binary::Node& stanza) {
  if (stanza.has_attr("offline")) arm();
}

void OfflineDelivery::on_end() {
  if (phase_ == Phase::kDelivering) return finish();
  if (phase_ == Phase::kBeforeOpen) phase_ = Phase::kEndedBeforeOpen;
}

void OfflineDelivery::arm() {
  if (phase_ != Phase::kDelivering) return;
  loop_.cancel_timer(stall_timer_);
  stall_timer_ = loop_.call_after(kLongestStall, [this] {
    stall_timer_ = 0;
    finish();
  });
}

void OfflineDelivery::finish() {
  loop_.cancel_timer(std::exchange(stall_timer_, 0));
  phase_ = Phase::kFinished;
  finished_();
}

}  // namespace whatsapp
