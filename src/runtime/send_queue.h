// Bytes that wait to be written to a socket, in the order of sending. Costs nothing while it is empty.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace runtime {

class SendQueue {
 public:
  void push(std::string bytes);
  /// Goes out before everything else. Only while nothing of the queue has been written.
  void push_front(std::string bytes);
  /// The next bytes to write, at most one pushed piece.
  [[nodiscard]] std::string_view front() const;
  /// `count` bytes of front() are written.
  void pop(std::size_t count);
  void clear();

  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }  // bytes

 private:
  std::vector<std::string> pieces_;
  std::size_t first_ = 0;   // index of the front piece; those before it are spent
  std::size_t offset_ = 0;  // bytes of the front piece that are written
  std::size_t size_ = 0;
};

}  // namespace runtime
