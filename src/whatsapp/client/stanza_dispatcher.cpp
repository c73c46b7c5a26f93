#include "whatsapp/client/stanza_dispatcher.h"

#include <utility>

namespace whatsapp {

std::size_t estimated_bytes(const binary::Node& node) {
  std::size_t bytes = sizeof(binary::Node) + node.bytes().size();
  bytes += node.attributes().size() * (sizeof(binary::Attribute) + 32);
  for (const auto& child : node.children()) bytes += estimated_bytes(child);
  return bytes;
}

StanzaDispatcher::Load StanzaDispatcher::load() const {
  if (queue_.size() >= limits_.hard_stanzas || bytes_ >= limits_.hard_bytes) return Load::kTooMuch;
  if (queue_.size() >= limits_.soft_stanzas || bytes_ >= limits_.soft_bytes) return Load::kHeavy;
  return Load::kLight;
}

StanzaDispatcher::Load StanzaDispatcher::push(binary::Node stanza) {
  if (load() == Load::kTooMuch) return Load::kTooMuch;
  const std::size_t bytes = estimated_bytes(stanza);
  queue_.push_back({std::move(stanza), bytes});
  bytes_ += bytes;
  if (idle_server_ != nullptr) idle_server_->set(runtime::Done{});
  return load();
}

runtime::Task<base::Result<StanzaDispatcher::Queued>> StanzaDispatcher::next() {
  while (queue_.empty()) {
    runtime::OneShot<runtime::Done> arrived(loop_);
    idle_server_ = &arrived;
    const auto woken = co_await arrived.wait();
    idle_server_ = nullptr;
    if (!woken) co_return base::fail(woken.error());
  }
  Queued first = std::move(queue_.front());
  queue_.pop_front();
  bytes_ -= first.bytes;
  co_return first;
}

runtime::Task<void> StanzaDispatcher::serve(StanzaHandler& handler, std::function<void()> drained) {
  const runtime::Cancellation* cancellation = co_await runtime::current_cancellation();
  while (!cancellation->cancelled()) {
    const Load before = load();
    auto queued = co_await next();
    if (!queued) co_return;
    if (before != Load::kLight && load() == Load::kLight) drained();
    co_await handler.handle(std::move(queued->stanza));
  }
}

}  // namespace whatsapp
