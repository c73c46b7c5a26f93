#include "whatsapp/client/peer_messenger.h"

#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/send_verdict.h"
#include "whatsapp/message/message_id.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;

std::string PeerMessenger::fresh_id() const {
  const auto now = static_cast<std::uint64_t>(parts_.connection.unix_seconds());
  return message::generate_message_id(parts_.connection.self().pn.user(), now, parts_.outside.random);
}

Node PeerMessenger::stanza_of(const PeerMessage& message, const FanOutEntry& entry) const {
  Node stanza = Node("message")
                    .with("id", std::string{message.id})
                    .with("to", entry.device)
                    .with("category", "peer")
                    .with("type", "text");
  if (message.push == PeerMessage::Push::kHigh) stanza.set("push_priority", "high");
  if (message.push == PeerMessage::Push::kHighForce) stanza.set("push_priority", "high_force");
  if (message.privacy == PeerMessage::Privacy::kSensitive) stanza.set("privacy_sensitive", "1");
  stanza.add_child(Node("meta").with("appdata", "default"));
  stanza.add_child(enc_node(entry.message));
  const auto& paired = parts_.connection.credentials().paired;
  if (begins_a_session({entry}) && paired)
    stanza.add_child(Node("device-identity").bytes(base::ByteView{paired->account_identity}));
  return stanza;
}

Task<Result<std::string>> PeerMessenger::send(PeerMessage message) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  if (message.id.empty()) message.id = fresh_id();
  const Jid device = parts_.connection.self().pn.with_device(message.device);
  WA_CO_TRY(const auto address, co_await parts_.lids.address_for(device));
  if (!address) co_return fail(ErrorCode::kInvalidArgument, "no device of ours");
  const std::vector<FanOutTarget> targets{{device, *address, message.content}};
  WA_CO_TRY(const Bundles bundles, co_await fan_out_.missing_bundles(targets));

  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY(const auto entries, co_await fan_out_.encrypt(targets, bundles, work));
  if (entries.empty()) co_return fail(ErrorCode::kUnavailable, "our own device could not be encrypted for");
  WA_CO_TRY(base::Bytes stanza, binary::encode(stanza_of(message, entries.front())));
  work.changes.sent_messages.push_back({device.to_string(), message.id, message.content,
                                        std::string{kPeerMessageType}, "", parts_.connection.unix_seconds()});
  const auto committed = co_await work.commit();
  if (!committed) {
    parts_.connection.give_up(committed.error());
    co_return fail(committed.error());
  }
  const auto expected = parts_.connection.expect_ack(message.id);
  if (!expected) co_return fail(ErrorCode::kClosed, "not connected");
  WA_CO_TRY_VOID(parts_.connection.send_encoded(stanza));
  WA_CO_TRY(const Node ack, co_await expected->wait(parts_.settings.send_ack_timeout));
  const SendVerdict verdict = read_send_ack(ack);
  if (verdict.result != SendVerdict::Result::kSent) co_return fail(verdict.error);
  co_return std::move(message.id);
}

}  // namespace whatsapp
