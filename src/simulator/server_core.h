// The server without a network: connections come and go, stanzas come in, stanzas go out to wires. One
// thread, one loop; nothing here calls back into a wire's owner except through Wire.
#pragma once

#include <memory>

#include "simulator/app_state/collection_desk.h"
#include "simulator/channels/channel_desk.h"
#include "simulator/delivery.h"
#include "simulator/groups/group_desk.h"
#include "simulator/iq_desk.h"
#include "simulator/link_desk.h"
#include "simulator/message_router.h"
#include "simulator/people/call_relay.h"
#include "simulator/people/presence_desk.h"
#include "simulator/people/profile_desk.h"
#include "simulator/pre_key_desk.h"
#include "simulator/receipt_relay.h"
#include "simulator/server_state.h"
#include "simulator/session.h"

namespace simulator {

class ServerCore {
 public:
  ServerCore(runtime::EventLoop& loop, base::Random& random, const Settings& settings);
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  /// A client has finished its handshake. `noise` is its static key, `payload` its ClientPayload. Whatever
  /// follows from that, a refusal included, is written to the wire; 0 when it was refused.
  SessionId connect(Wire& wire, const crypto::PublicKey& noise, base::ByteView payload);
  /// A device that the simulator plays comes online.
  SessionId attach(Wire& wire, Device& device);
  /// A stanza from a client. Harmless for a connection that has ended.
  void receive(SessionId session, const Node& stanza);
  /// The wire is gone. Harmless for a connection that has ended.
  void closed(SessionId session);

  /// At once or armed, by its kind. kNotFound: an immediate fault for a device that is not connected.
  base::Result<void> inject(Device& device, const Fault& fault);
  void inject_everywhere(const Fault& fault);

  [[nodiscard]] ServerState& state() { return state_; }
  [[nodiscard]] const ServerState& state() const { return state_; }
  [[nodiscard]] Directory& directory() { return state_.directory; }
  [[nodiscard]] PreKeyDesk& pre_keys() { return pre_keys_; }
  [[nodiscard]] LinkDesk& linking() { return linking_; }
  [[nodiscard]] Delivery& delivery() { return delivery_; }
  [[nodiscard]] CollectionDesk& collections() { return collections_; }
  [[nodiscard]] IqDesk& iqs() { return iqs_; }
  [[nodiscard]] GroupDesk& groups() { return groups_; }
  [[nodiscard]] ChannelDesk& channels() { return channels_; }
  [[nodiscard]] TokenDesk& tokens() { return tokens_; }
  [[nodiscard]] ProfileDesk& profiles() { return profiles_; }

 private:
  Session& open(Wire& wire, const crypto::PublicKey& noise);
  void end(SessionId id, const std::optional<Node>& last_word);
  void cut(SessionId id);
  void forget(SessionId id);
  void log_in(Session& session, Device& device);
  void refuse(SessionId id, int reason);
  void dispatch(Session& session, Device& device, const Node& stanza);
  void on_info(Session& session, const Node& ib);
  void serve_iqs();
  void happen(Session& session, const Fault& fault);

  ServerState state_;
  Delivery delivery_;
  PreKeyDesk pre_keys_;
  LinkDesk linking_;
  CollectionDesk collections_;
  IqDesk iqs_;
  TokenDesk tokens_;
  MessageRouter router_;
  ReceiptRelay receipts_;
  GroupDesk groups_;
  ProfileDesk profiles_;
  ChannelDesk channels_;
  PresenceDesk presence_;
  CallRelay calls_;
  SessionId next_session_ = 1;
};

}  // namespace simulator
