// Who waits for which answer on one connection: requests by their id, until the answer, a deadline, or the
// end of the connection. One table for iq results, one for message acks: the two kinds of id are chosen by
// different rules and could collide.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "whatsapp/binary/node.h"

namespace whatsapp {

class AnswerTable : public std::enable_shared_from_this<AnswerTable> {
 public:
  explicit AnswerTable(runtime::EventLoop& loop) : loop_(loop) {}

  /// One place to wait in. Registered from construction to destruction, so it is made before the request
  /// is written; it may outlive the connection, and then finds itself failed.
  class Slot {
   public:
    Slot(std::shared_ptr<AnswerTable> table, std::string id);
    ~Slot();
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

    /// kTimeout, kClosed (the connection ended), kCancelled. Once only.
    runtime::Task<base::Result<binary::Node>> wait(base::Duration timeout);

   private:
    friend class AnswerTable;
    std::shared_ptr<AnswerTable> table_;
    std::multimap<std::string, Slot*>::iterator place_;
    runtime::OneShot<binary::Node> answer_;
  };

  /// Hands `answer` to all who wait for `id`. False if nobody does: it is late, or never was asked for.
  bool resolve(const std::string& id, const binary::Node& answer);
  /// The connection is gone: everyone who waits, and who comes later, gets kClosed.
  void close();

  [[nodiscard]] std::size_t waiting() const { return slots_.size(); }

 private:
  runtime::EventLoop& loop_;
  std::multimap<std::string, Slot*> slots_;
  bool closed_ = false;
};

}  // namespace whatsapp
