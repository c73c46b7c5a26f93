// One line per chat: who wants to write into a chat waits until those before him have written. Chats do not
// wait for each other. A chat that nobody writes into costs nothing.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "runtime/async_mutex.h"

namespace whatsapp {

class ChatOrder {
 public:
  explicit ChatOrder(runtime::EventLoop& loop) : loop_(loop) {}

  /// A place in the line of one chat; the line is forgotten with its last place.
  class Place {
   public:
    Place(ChatOrder& order, std::string chat) : order_(order), chat_(std::move(chat)) {
      auto& line = order_.lines_[chat_];
      if (!line) line = std::make_shared<runtime::AsyncMutex>(order_.loop_);
      line_ = line;
    }
    ~Place() {
      if (guard_) guard_->release();
      line_.reset();
      const auto found = order_.lines_.find(chat_);
      if (found != order_.lines_.end() && found->second.use_count() == 1) order_.lines_.erase(found);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    runtime::Task<base::Result<void>> wait() {
      WA_CO_TRY(auto guard, co_await line_->lock());
      guard_.emplace(std::move(guard));
      co_return base::Result<void>{};
    }
    /// The next one may write.
    void done() {
      if (guard_) guard_->release();
    }

   private:
    ChatOrder& order_;
    std::string chat_;
    std::shared_ptr<runtime::AsyncMutex> line_;
    std::optional<runtime::AsyncMutex::Guard> guard_;
  };

 private:
  runtime::EventLoop& loop_;
  std::map<std::string, std::shared_ptr<runtime::AsyncMutex>> lines_;
};

}  // namespace whatsapp
