#include "whatsapp/client/answer_table.h"

#include <utility>

namespace whatsapp {
namespace {

std::unexpected<base::Error> gone() {
  return base::fail(base::ErrorCode::kClosed, "the connection ended before the answer came");
}

}  // namespace

AnswerTable::Slot::Slot(std::shared_ptr<AnswerTable> table, std::string id)
    : table_(std::move(table)), place_(table_->slots_.emplace(std::move(id), this)), answer_(table_->loop_) {
  if (table_->closed_) answer_.set(gone());
}

AnswerTable::Slot::~Slot() { table_->slots_.erase(place_); }

runtime::Task<base::Result<binary::Node>> AnswerTable::Slot::wait(base::Duration timeout) {
  co_return co_await answer_.wait_for(timeout);
}

bool AnswerTable::resolve(const std::string& id, const binary::Node& answer) {
  const auto [first, last] = slots_.equal_range(id);
  for (auto slot = first; slot != last; ++slot) slot->second->answer_.set(answer);
  return first != last;
}

void AnswerTable::close() {
  closed_ = true;
  for (auto& [id, slot] : slots_) slot->answer_.set(gone());
}

}  // namespace whatsapp
