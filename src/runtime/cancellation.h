// Structured cancellation: a scope is told once to stop, and every leaf that waits inside it wakes up
// with ErrorCode::kCancelled. One loop, no locks.
#pragma once

namespace runtime {

class Cancellation;

/// Something that wants to know. Unlinks itself when destroyed.
class CancelListener {
 public:
  CancelListener() = default;
  CancelListener(const CancelListener&) = delete;
  CancelListener& operator=(const CancelListener&) = delete;
  virtual ~CancelListener() { unlink(); }

  void unlink() {
    if (previous_ == nullptr) return;
    previous_->next_ = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
    previous_ = next_ = nullptr;
  }

 protected:
  virtual void on_cancel() = 0;

 private:
  friend class Cancellation;
  CancelListener* previous_ = nullptr;
  CancelListener* next_ = nullptr;
};

class Cancellation {
 public:
  Cancellation() = default;
  /// Cancelled with its parent, too.
  explicit Cancellation(Cancellation* parent) {
    if (parent == nullptr) return;
    if (parent->cancelled()) cancelled_ = true;
    link_.target = this;
    parent->listen(link_);
  }
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  [[nodiscard]] bool cancelled() const { return cancelled_; }

  /// Tells every listener once. Listeners must not resume coroutines directly; they defer.
  void cancel() {
    if (cancelled_) return;
    cancelled_ = true;
    while (head_.next_ != nullptr) {
      CancelListener* listener = head_.next_;
      listener->unlink();
      listener->on_cancel();
    }
  }

  void listen(CancelListener& listener) {
    listener.unlink();
    listener.previous_ = &head_;
    listener.next_ = head_.next_;
    if (head_.next_ != nullptr) head_.next_->previous_ = &listener;
    head_.next_ = &listener;
  }

 private:
  struct Head final : CancelListener {
    void on_cancel() override {}
  };
  struct ParentLink final : CancelListener {
    Cancellation* target = nullptr;
    void on_cancel() override { target->cancel(); }
  };

  bool cancelled_ = false;
  Head head_;
  ParentLink link_;
};

}  // namespace runtime
