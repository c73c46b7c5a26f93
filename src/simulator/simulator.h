// A WhatsApp on the desk: one server, phones and contacts, on a loop of the caller's. A client connects to
// url() with the certificate root noise_root(), shows its QR, a phone scans it, and from there everything is
// as with the real service, as far as the client can see. All of it can also be driven over HTTP, see
// README.md.
//
//   auto simulator = *Simulator::start(loop, Settings{.seed = 7});
//   SimulatedPhone& phone = simulator->create_phone({});
//   SimulatedContact& contact = simulator->create_contact({});
//   …the client shows `qr`…
//   phone.scan(qr);
//   co_await simulator->wait_until([&] { return phone.companions().size() == 1; }, 5s);
//   contact.send_text(phone.pn(), "hello");
//   co_await simulator->wait_until([&] { return !contact.received().empty(); }, 5s);
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "crypto/curve25519.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "simulator/person.h"
#include "simulator/settings.h"

namespace simulator {

class World;

class Simulator {
 public:
  /// Listens. kIo when the port cannot be bound.
  static base::Result<std::unique_ptr<Simulator>> start(runtime::EventLoop& loop, Settings settings);
  ~Simulator();  // close() must have been awaited
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  /// Closes every connection. Await before the loop ends.
  runtime::Task<void> close();

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;          // ws://127.0.0.1:PORT/ws/chat
  [[nodiscard]] std::string control_url() const;  // http://127.0.0.1:PORT
  /// Root of the certificate chain; what a client pins.
  [[nodiscard]] const crypto::PublicKey& noise_root() const;

  /// PEM of the authority that vouches for the media hosts; empty without hosts.
  [[nodiscard]] std::string media_authority() const;

  /// References stay valid for the simulator's life.
  SimulatedPhone& create_phone(PersonOptions options);
  SimulatedContact& create_contact(ContactOptions options);

  /// Waits until `condition` holds; it is asked again after every turn in which something happened.
  /// kTimeout; kCancelled when the caller's scope closes.
  runtime::Task<base::Result<void>> wait_until(std::function<bool()> condition, base::Duration timeout);

  /// `device`: a device JID (PN or LID); "*": every device, those to come included. kNotFound.
  base::Result<void> inject(std::string_view device, const Fault& fault);
  /// What the server knows of a device; kNotFound.
  [[nodiscard]] base::Result<DeviceStatus> device(std::string_view jid) const;
  /// Companions linked from outside: the clients under test.
  [[nodiscard]] std::vector<DeviceStatus> companions() const;
  [[nodiscard]] const std::vector<Violation>& violations() const;

  /// Changes how the next registration connections are offered refs.
  void set_pairing(PairingSettings settings);
  /// Ends the refs that are shown now: the waiting registration connections are closed.
  void expire_refs();

  [[nodiscard]] World& world();

 private:
  class Impl;
  explicit Simulator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace simulator
