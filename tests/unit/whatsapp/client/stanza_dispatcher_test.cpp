#include "whatsapp/client/stanza_dispatcher.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "runtime/task_scope.h"

using whatsapp::DispatcherLimits;
using whatsapp::StanzaDispatcher;
using whatsapp::StanzaHandler;
using whatsapp::binary::Node;
using Load = StanzaDispatcher::Load;

namespace {

/// Takes each stanza only when the test opens the gate.
class SlowHandler final : public StanzaHandler {
 public:
  explicit SlowHandler(runtime::EventLoop& loop) : loop_(loop) {}
  runtime::Task<void> handle(Node stanza) override {
    begun.push_back(stanza.tag());
    runtime::OneShot<runtime::Done> gate(loop_);
    gate_ = &gate;
    if (!open_) (void)co_await gate.wait();
    gate_ = nullptr;
    done.push_back(stanza.tag());
  }
  void let_one_go() {
    if (gate_ != nullptr) gate_->set(runtime::Done{});
  }
  void open() {
    open_ = true;
    let_one_go();
  }

  std::vector<std::string> begun;
  std::vector<std::string> done;

 private:
  runtime::EventLoop& loop_;
  runtime::OneShot<runtime::Done>* gate_ = nullptr;
  bool open_ = false;
};

struct Desk {
  explicit Desk(DispatcherLimits limits = {}) : dispatcher(loop, limits) {
    auto count = [this] { ++drained; };
    scope.spawn(dispatcher.serve(handler, count));
  }
  ~Desk() {
    scope.cancel();
    loop.run_until_idle();
  }

  base::ManualClock clock;
  runtime::EventLoop loop{clock};
  SlowHandler handler{loop};
  StanzaDispatcher dispatcher;
  int drained = 0;
  runtime::TaskScope scope{loop};
};

}  // namespace

TEST_CASE("stanzas are handled one at a time, in the order in which they came") {
  Desk desk;
  for (const char* tag : {"a", "b", "c"}) CHECK(desk.dispatcher.push(Node(tag)) == Load::kLight);
  desk.loop.run_until_idle();
  CHECK(desk.handler.begun == std::vector<std::string>{"a"});
  desk.handler.let_one_go();
  desk.loop.run_until_idle();
  CHECK(desk.handler.done == std::vector<std::string>{"a"});
  CHECK(desk.handler.begun == std::vector<std::string>{"a", "b"});
  desk.handler.open();
  desk.loop.run_until_idle();
  CHECK(desk.handler.done == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("above the soft limit the queue asks for a pause, and says when it is over") {
  Desk desk({.soft_stanzas = 3});
  desk.loop.run_until_idle();
  desk.dispatcher.push(Node("first"));
  desk.loop.run_until_idle();  // in the handler, not in the queue
  CHECK(desk.dispatcher.push(Node("1")) == Load::kLight);
  CHECK(desk.dispatcher.push(Node("2")) == Load::kLight);
  CHECK(desk.dispatcher.push(Node("3")) == Load::kHeavy);
  CHECK(desk.drained == 0);
  desk.handler.open();
  desk.loop.run_until_idle();
  CHECK(desk.drained == 1);
  CHECK(desk.handler.done.size() == 4);
}

TEST_CASE("the memory of the queued stanzas counts, not only their number") {
  Desk desk({.soft_bytes = 10'000, .hard_bytes = 100'000});
  desk.loop.run_until_idle();
  desk.dispatcher.push(Node("first"));
  desk.loop.run_until_idle();
  CHECK(desk.dispatcher.push(Node("big").bytes(base::Bytes(20'000))) == Load::kHeavy);
}

TEST_CASE("at the hard limit nothing more is taken") {
  Desk desk({.soft_stanzas = 2, .hard_stanzas = 4});
  desk.loop.run_until_idle();
  desk.dispatcher.push(Node("first"));
  desk.loop.run_until_idle();
  for (int i = 0; i < 3; ++i) CHECK(desk.dispatcher.push(Node("x")) != Load::kTooMuch);
  CHECK(desk.dispatcher.push(Node("x")) == Load::kTooMuch);
  CHECK(desk.dispatcher.push(Node("x")) == Load::kTooMuch);
  desk.handler.open();
  desk.loop.run_until_idle();
  CHECK(desk.handler.done.size() == 5);
}

TEST_CASE("a node costs at least its content") {
  CHECK(whatsapp::estimated_bytes(Node("a").add(Node("b").bytes(base::Bytes(5'000)))) > 5'000);
  CHECK(whatsapp::estimated_bytes(Node("a")) < 500);
}
