#include "runtime/send_queue.h"

#include <utility>

namespace runtime {

void SendQueue::push(std::string bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  pieces_.push_back(std::move(bytes));
}

void SendQueue::push_front(std::string bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(first_), std::move(bytes));
}

std::string_view SendQueue::front() const {
  return empty() ? std::string_view{} : std::string_view{pieces_[first_]}.substr(offset_);
}

void SendQueue::pop(std::size_t count) {
  size_ -= count;
  offset_ += count;
  if (offset_ < pieces_[first_].size()) return;
  pieces_[first_] = {};
  offset_ = 0;
  ++first_;
  if (empty()) {
    clear();
  } else if (first_ >= 64 && first_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void SendQueue::clear() {
  pieces_ = {};
  first_ = offset_ = size_ = 0;
}

}  // namespace runtime
