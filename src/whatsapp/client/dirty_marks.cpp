#include "whatsapp/client/dirty_marks.h"

namespace whatsapp {

using binary::Jid;
using binary::Node;
using runtime::Task;

void DirtyMarks::take(const Node& dirty) {
  if (parts_.connection.attached()) parts_.connection.scope().spawn(clean(dirty));
}

Task<void> DirtyMarks::clean(Node dirty) {
  const std::string type = dirty.attr("type").value_or("");
  for (const auto& [wanted, listener] : listeners_) {
    if (wanted != type) continue;
    const auto fresh = co_await listener->refresh(dirty);
    if (fresh) continue;
    parts_.outside.log.info("what the server calls dirty could not be refreshed",
                            {{"type", type}, {"error", fresh.error().message}});
    co_return;
  }
  Node request =
      Node("iq")
          .with("xmlns", "urn:xmpp:whatsapp:dirty")
          .with("type", "set")
          .with("to", Jid::service())
          .add(Node("clean").with("type", dirty.attr("type")).with("timestamp", dirty.attr("timestamp")));
  const auto cleaned = co_await parts_.connection.query(std::move(request));
  if (!cleaned) parts_.outside.log.debug("a dirty mark stays", {{"error", cleaned.error().message}});
}

}  // namespace whatsapp
