// Trusted-contact tokens: somebody who has written to a person gives them one, and with it the person may
// write back even where strangers may not (spec 08 §7).
#pragma once

#include <map>

#include "simulator/delivery.h"
#include "simulator/server_state.h"

namespace simulator {

class TokenDesk {
 public:
  TokenDesk(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery) {}

  /// <tokens> of a privacy iq: a new token for each user named.
  void issue(Account& issuer, const Node& tokens);
  void issue(Account& issuer, Account& holder);
  /// 0, or the code with which a message to this recipient is refused.
  [[nodiscard]] int refusal(Account& sender, const Account& recipient, const Node& message) const;

 private:
  struct Token {
    base::Bytes secret;
    std::int64_t at = 0;
  };
  [[nodiscard]] bool holds_token(const Account& sender, const Account& recipient, const Node& message) const;

  ServerState& state_;
  Delivery& delivery_;
  std::map<std::pair<const Account*, const Account*>, Token> tokens_;  // issuer, holder
};

}  // namespace simulator
