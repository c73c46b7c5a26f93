// Linking with a passkey: after a scan or a code the server may demand that the companion proves, with the
// account's passkey, that its owner is there; only then the phone signs (spec 03 §9, §15.7). Whether the
// assertion itself is right nobody here can judge: it has to be there, and the rest has to fit together.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "simulator/server_state.h"
#include "simulator/session.h"
#include "whatsapp/pairing/device_identity.h"

namespace simulator {

class PasskeyRelay {
 public:
  explicit PasskeyRelay(ServerState& state) : state_(state) {}

  /// Demands a passkey. `secret` is the one of the scan or the code.
  void demand(Session& session, Account& account, const whatsapp::pairing::AdvSecret& secret);

  /// An iq of this exchange has been answered; nothing for other iqs. With a secret the phone may sign.
  struct Step {
    std::optional<whatsapp::pairing::AdvSecret> secret;
  };
  std::optional<Step> on_iq(Session& session, const Node& iq);

 private:
  int on_prologue(Session& session, const Node& prologue);
  int on_nonce(Session& session, base::ByteView nonce);
  int on_request(Session& session, base::ByteView request, Step& step);
  void send_continuation(Session& session);
  void answer(Session& session, const Node& iq, int error, std::optional<Node> content = std::nullopt);

  ServerState& state_;
};

}  // namespace simulator
