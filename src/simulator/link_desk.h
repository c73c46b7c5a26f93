// Linking a companion: the server offers refs, a phone scans one (or its owner types the code that the
// companion shows), signs the companion's identity, and the companion signs back (spec 03 §4-§8, §15).
// Server and phone are both here, because they are one process; what the companion sees is the same.
#pragma once

#include <deque>
#include <map>
#include <string_view>

#include "simulator/delivery.h"
#include "simulator/pairing/passkey_relay.h"
#include "simulator/server_state.h"
#include "simulator/session.h"
#include "whatsapp/pairing/qr_text.h"

namespace whatsapp::proto {
class ClientPayload;
}

namespace simulator {

class LinkDesk {
 public:
  LinkDesk(ServerState& state, Delivery& delivery) : state_(state), delivery_(delivery), passkeys_(state) {}

  /// A connection without a linked device: checks its keys and offers refs. kMalformed if they are wrong.
  base::Result<void> open(Session& session, const whatsapp::proto::ClientPayload& payload);
  /// An iq from a registration connection that is no ping. False if it is none of ours.
  bool on_iq(Session& session, const Node& iq);
  void on_closed(Session& session);

  /// The phone scans. kNotFound: no connection waits with that ref and these keys. kTimeout: too late.
  base::Result<void> scan(Account& account, const whatsapp::pairing::QrContent& qr, LinkFault fault);
  /// The owner types a code. kNotFound: nobody asked for a code of this number.
  base::Result<void> enter_code(Account& account, std::string_view code, CodeFault fault = CodeFault::kNone);
  /// Voids the code that a companion shows for this number and asks for a new one. kNotFound.
  enum class Refresh { kAutomatic, kManual };
  base::Result<void> refresh_code(Account& account, Refresh refresh);
  /// Tells all that show a QR to change their secret; `rotate_qr`: in the other of two forms.
  enum class RegistrationRefresh { kSecret, kQr };
  void refresh_registrations(RegistrationRefresh refresh);
  /// The code that the phone shows in a passkey exchange; empty: there is none.
  [[nodiscard]] std::string passkey_code(const Account& account) const;
  /// Ends all connections that show a QR.
  void expire_refs();

  /// Unlinks: device_removed for the companion, notifications for the others.
  void remove(Account& account, std::uint16_t device);

 private:
  void offer_refs(Session& session);
  /// The phone is ready to sign; a passkey may be demanded first.
  base::Result<void> proceed(Session& session, Account& account, const whatsapp::pairing::AdvSecret& secret,
                             LinkFault fault);
  base::Result<void> make_offer(Session& session, Account& account,
                                const whatsapp::pairing::AdvSecret& secret, LinkFault fault);
  base::Bytes sign_companion(const Account& account, crypto::PublicKey identity, std::uint32_t key_index,
                             whatsapp::pairing::AdvSecret secret, LinkFault fault);
  [[nodiscard]] Node pair_success(const Account& account, const Registration::Offer& offer) const;
  void on_answer(Session& session, const Node& answer);
  void commit(Session& session, base::Bytes device_identity);
  void on_link_code(Session& session, const Node& iq, const Node& request);
  int on_companion_hello(Session& session, const Node& request, Node::Children& answer);
  int on_companion_finish(Session& session, const Node& request);

  ServerState& state_;
  Delivery& delivery_;
  PasskeyRelay passkeys_;
  std::map<SessionId, Session*> waiting_;
  std::map<const Account*, std::deque<base::Clock::time_point>> code_requests_;  // of the last minutes
};

}  // namespace simulator
