// The simulated world without a network: one server and the people who use it. Sockets and the control API
// are put around it by Simulator.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "runtime/one_shot.h"
#include "runtime/task.h"
#include "simulator/person.h"
#include "simulator/server_core.h"

namespace simulator {

class World {
 public:
  World(runtime::EventLoop& loop, const Settings& settings);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// kConflict: the number is taken. kInvalidArgument: it is none. The object lives as long as the world.
  base::Result<SimulatedPhone*> create_phone(const PersonOptions& options);
  base::Result<SimulatedContact*> create_contact(const ContactOptions& options);
  /// Phones and contacts by JID; the first created it. kNotFound.
  base::Result<Jid> create_group(std::string_view subject, Addressing addressing,
                                 const std::vector<std::string>& participants);

  [[nodiscard]] SimulatedPhone* phone(std::string_view id) const;
  /// Null for an account that is no phone's.
  [[nodiscard]] SimulatedPhone* phone_of(const Account& account) const;
  [[nodiscard]] SimulatedContact* contact(std::string_view id) const;
  [[nodiscard]] const std::vector<std::unique_ptr<SimulatedPhone>>& phones() const { return phones_; }
  [[nodiscard]] const std::vector<std::unique_ptr<SimulatedContact>>& contacts() const { return contacts_; }
  [[nodiscard]] std::vector<DeviceStatus> companions() const;
  /// Devices that are real clients.
  template <class Visitor>
  void for_each_companion(Visitor&& visit) const {
    for (const auto& account : server_.state().directory.accounts()) {
      for (const auto& [id, device] : account->devices) {
        if (device->noise) visit(static_cast<const Device&>(*device));
      }
    }
  }
  static DeviceStatus status_of(const Device& device);
  [[nodiscard]] base::Result<DeviceStatus> status(std::string_view device_jid) const;
  base::Result<void> inject(std::string_view device, const Fault& fault);

  /// Waits until `condition` holds: asked now and after every turn in which something happened.
  runtime::Task<base::Result<void>> wait_until(std::function<bool()> condition, base::Duration timeout);
  /// Something happened that somebody may wait for.
  void changed();

  [[nodiscard]] ServerCore& server() { return server_; }
  [[nodiscard]] const ServerCore& server() const { return server_; }
  [[nodiscard]] base::Random& random() { return random_; }
  [[nodiscard]] runtime::EventLoop& loop() { return loop_; }
  [[nodiscard]] const Settings& settings() const { return server_.state().settings; }

 private:
  struct Waiter {
    Waiter(std::function<bool()> holds, runtime::EventLoop& loop) : condition(std::move(holds)), met(loop) {}
    std::function<bool()> condition;
    runtime::OneShot<runtime::Done> met;
  };
  void ask_waiters();

  runtime::EventLoop& loop_;
  base::SeededRandom random_;
  ServerCore server_;
  std::vector<std::unique_ptr<SimulatedPhone>> phones_;
  std::vector<std::unique_ptr<SimulatedContact>> contacts_;
  std::list<Waiter> waiters_;
  bool asking_ = false;
  Timers timers_;
};

}  // namespace simulator
