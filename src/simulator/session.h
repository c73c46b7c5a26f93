// One connection as the server core sees it: a wire to write stanzas to, and what the connection is for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "crypto/curve25519.h"
#include "simulator/account.h"
#include "simulator/timers.h"
#include "whatsapp/binary/node.h"
#include "whatsapp/pairing/pairing_code.h"

namespace simulator {

/// The other end of a connection: a socket, or a device that the simulator plays.
class Wire {
 public:
  virtual ~Wire() = default;
  virtual void send(const Node& stanza) = 0;
  /// After what was sent. The core has forgotten the connection already and must not be told of its end.
  virtual void close() = 0;
  /// The same without a word: what was sent may be lost.
  virtual void cut() { close(); }
  /// Neither reads nor writes until told otherwise; what arrives waits in the socket.
  virtual void stall() {}
  virtual void resume() {}
};

/// Names a connection for its whole life; never used twice.
using SessionId = std::uint64_t;

/// A companion that is not linked yet and shows its QR.
struct Registration {
  crypto::PublicKey identity{};
  std::uint32_t registration_id = 0;
  std::uint32_t signed_id = 0;
  crypto::PublicKey signed_key{};
  crypto::Signature signature{};
  std::string props;  // serialised DeviceProps
  struct Ref {
    std::string text;
    base::Clock::time_point valid_until;
  };
  std::vector<Ref> refs;
  Timers::Id expiry = 0;

  /// A phone has scanned; the companion's answer to `pair-success` is awaited.
  struct Offer {
    Account* account = nullptr;
    std::uint16_t device = 0;
    std::uint32_t key_index = 0;
    base::Bytes container;  // what `pair-success` carried
    std::string iq_id;
    Timers::Id expiry = 0;
    LinkFault fault = LinkFault::kNone;
  };
  std::optional<Offer> offer;

  /// The companion shows a code for this number; the phone's owner may type it.
  struct CodeRequest {
    Account* account = nullptr;
    std::string ref;
    base::Bytes wrapped_ephemeral;
    int attempts = 0;
    base::Clock::time_point valid_until;
    std::optional<whatsapp::pairing::PrimaryHello> hello;  // after a code was typed
  };
  std::optional<CodeRequest> code;

  /// A passkey is demanded before the phone signs.
  struct Passkey {
    Account* account = nullptr;
    base::Secret<32> handoff;  // proves that the companion is the one that was scanned
    std::string ref;
    std::string options;  // JSON, for the authenticator
    std::string assertion;
    base::Bytes companion_identity;  // as it came: it is hashed
    base::Bytes commitment;
    crypto::PublicKey companion_key{};
    std::int32_t device_type = 0;
    enum class Proof { kNone, kShown } proof = Proof::kNone;
    crypto::KeyPair ephemeral;  // the phone's
    base::FixedBytes<32> nonce{};
    std::string code;  // that both sides show
  };
  std::optional<Passkey> passkey;
};

/// A linked device at work.
struct Login {
  Device* device = nullptr;
  enum class Stage {
    kPassive,    // logged in, has not asked for its queue
    kReplaying,  // the offline queue is being delivered
    kLive,
  } stage = Stage::kPassive;
  std::size_t replay_total = 0;  // stanzas that waited at login
  std::size_t slice = 100;       // how many go out before acks are awaited
  std::size_t slice_open = 0;    // written in this slice and not acked
  Timers::Id replay_timer = 0;
  enum class BatchRequest { kAwaited, kMade } batch = BatchRequest::kAwaited;
};

struct Session {
  SessionId id = 0;
  Wire* wire = nullptr;
  crypto::PublicKey noise{};
  std::variant<std::monostate, Registration, Login> role;
  /// kHalfOpen: hears everything, says nothing.
  enum class Voice { kNormal, kHalfOpen } voice = Voice::kNormal;

  [[nodiscard]] Registration* registration() { return std::get_if<Registration>(&role); }
  [[nodiscard]] Login* login() { return std::get_if<Login>(&role); }
  [[nodiscard]] Device* device() {
    Login* found = login();
    return found == nullptr ? nullptr : found->device;
  }
  void send(const Node& stanza) {
    if (voice == Voice::kNormal) wire->send(stanza);
  }
};

}  // namespace simulator
