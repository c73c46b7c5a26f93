#include "whatsapp/client/pairing/unlink.h"

#include "runtime/one_shot.h"

namespace whatsapp {
namespace {

using binary::Jid;
using binary::Node;

constexpr int kTries = 3;
constexpr base::Duration kBetweenTries{60'000};

bool is_worth_a_retry(const base::Error& error) {
  return error.code == base::ErrorCode::kRejected || error.code == base::ErrorCode::kTimeout;
}

}  // namespace

runtime::Task<base::Result<void>> unlink_device(runtime::EventLoop& loop, StanzaChannel& channel, Self self,
                                                base::Duration iq_timeout) {
  for (int tries = 1;; ++tries) {
    auto iq = Node("iq")
                  .with("xmlns", "md")
                  .with("type", "set")
                  .with("to", Jid::service())
                  .add(Node("remove-companion-device").with("jid", self.pn).with("reason", "user_initiated"));
    const auto answer = co_await channel.query(std::move(iq), iq_timeout);
    if (answer) co_return base::Result<void>{};
    if (!is_worth_a_retry(answer.error()) || tries == kTries) co_return base::fail(answer.error());
    const auto waited = co_await runtime::sleep_for(loop, kBetweenTries);
    if (!waited) co_return base::fail(waited.error());
  }
}

}  // namespace whatsapp
