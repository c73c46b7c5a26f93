#include "whatsapp/client/message_sender.h"

#include <algorithm>
#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/message/content_builder.h"
#include "whatsapp/message/phash.h"

namespace whatsapp {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::Changes;
using namespace std::chrono_literals;

namespace {

constexpr int kMaxAttempts = 3;                // of the same bytes, after transient errors
constexpr base::Duration kAgainAfter = 750ms;  // times the attempt

std::unexpected<base::Error> not_connected() { return fail(ErrorCode::kClosed, "not connected"); }

/// The hash over the devices that a stanza of ours is for, this one included.
std::string hash_of_devices(ByteView stanza, const Self& self) {
  const auto message = binary::decode(stanza);
  const Node* participants = message ? message->child("participants") : nullptr;
  if (participants == nullptr) return {};
  std::vector<Jid> devices;
  for (const Node* to : participants->children("to"))
    if (const auto jid = to->jid("jid")) devices.push_back(*jid);
  const bool by_lid = !devices.empty() && devices.front().is_lid();
  devices.push_back(by_lid && !self.lid.user().empty() ? self.lid : self.pn);
  return message::participant_hash(devices);
}

}  // namespace

// ---- the way of a message -----------------------------------------------------------------------------

Task<Result<SendOutcome>> MessageSender::send(OutgoingMessage message, SendJournal& journal) {
  if (!parts_.connection.attached()) co_return not_connected();
  const CurrentConnection::Use use(parts_.connection);
  if (message.id.empty()) co_return fail(ErrorCode::kInvalidArgument, "a message needs an id");

  ChatOrder::Place place(chats_, message.to.normalized().account().to_string());
  WA_CO_TRY_VOID(co_await place.wait());
  WA_CO_TRY(Destination destination, co_await resolve(message.to));
  WA_CO_TRY_VOID(co_await parts_.new_contacts.admit(destination.to));
  WA_CO_TRY(Written written, co_await write(message, destination, journal));
  place.done();
  co_return co_await await_verdict(message.id, std::move(written), std::move(destination));
}

Task<Result<SendOutcome>> MessageSender::resend(std::string id, Bytes stanza) {
  if (!parts_.connection.attached()) co_return not_connected();
  const CurrentConnection::Use use(parts_.connection);
  const auto node = binary::decode(stanza);
  if (!node) co_return fail(ErrorCode::kInvalidArgument, "the stored stanza cannot be read");
  Destination destination;
  destination.to = node->jid("to").value_or(Jid{});
  destination.pn = node->jid("peer_recipient_pn");
  destination.told = destination.pn.value_or(destination.to);

  Written written{parts_.connection.expect_ack(id), std::move(stanza)};
  WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
  co_return co_await await_verdict(id, std::move(written), std::move(destination));
}

Task<Result<MessageSender::Written>> MessageSender::write(const OutgoingMessage& message,
                                                          const Destination& destination,
                                                          SendJournal& journal) {
  const ChatAddress address = destination.address();
  WA_CO_TRY(const WrittenContent content, co_await write_content(parts_, message, address));
  const Bytes& plaintext = content.plaintext;
  const Bytes for_own_devices = message::wrap_device_sent(plaintext, destination.to.to_string());
  WA_CO_TRY(const auto targets, co_await targets_of(destination, plaintext, for_own_devices));
  WA_CO_TRY(const Bundles bundles, co_await fan_out_.missing_bundles(targets));
  WA_CO_TRY(auto tokens, co_await parts_.tokens.nodes_for(destination.to));

  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY(const auto entries, co_await fan_out_.encrypt(targets, bundles, work));
  const bool to_self = is_own_account(parts_.connection.self(), destination.to);
  const bool reached = std::ranges::any_of(entries, [&](const FanOutEntry& entry) {
    return to_self || entry.device.same_account(destination.to);
  });
  if (!reached) co_return fail(ErrorCode::kUnavailable, "no device of the recipient could be encrypted for");

  Node node = stanza_of(message.id, content.traits, destination, entries);
  for (Node& token : tokens) node.add_child(std::move(token));
  WA_CO_TRY(Bytes stanza, binary::encode(node));
  work.changes.sent_messages.push_back({destination.to.to_string(), message.id, plaintext,
                                        content.traits.type, content.traits.edit,
                                        parts_.connection.unix_seconds()});
  WA_CO_TRY_VOID(co_await remember_content(parts_, content, message.id, address, work.changes));
  journal.stage(destination.told, stanza, work.changes);
  const auto committed = co_await work.commit();
  if (!committed) {
    parts_.connection.give_up(committed.error());
    co_return fail(committed.error());
  }
  Written written{parts_.connection.expect_ack(message.id), std::move(stanza)};
  WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
  co_return written;
}

Task<Result<SendOutcome>> MessageSender::await_verdict(const std::string& id, Written written,
                                                       Destination destination) {
  for (int attempt = 1;; ++attempt) {
    if (!written.ack) co_return not_connected();
    WA_CO_TRY(const Node ack, co_await written.ack->wait(parts_.settings.send_ack_timeout));
    SendVerdict verdict = read_send_ack(ack);
    if (!verdict.phash.empty() && verdict.phash != hash_of_devices(written.stanza, parts_.connection.self()))
      verdict.device_lists = SendVerdict::DeviceLists::kStale;
    // The message is where it is, whatever becomes of our notes about it.
    auto heeded = co_await heed(verdict, destination);
    if (heeded) heeded = co_await tell(id, verdict, destination);
    if (!heeded) parts_.connection.give_up(heeded.error());
    if (verdict.result == SendVerdict::Result::kSent) {
      const std::int64_t time = verdict.timestamp != 0 ? verdict.timestamp : parts_.connection.unix_seconds();
      parts_.tokens.issue_if_due(destination.to);
      co_return SendOutcome{destination.told, time};
    }
    if (verdict.result == SendVerdict::Result::kFailed || attempt == kMaxAttempts)
      co_return fail(verdict.error);
    WA_CO_TRY_VOID(co_await parts_.connection.pause(kAgainAfter * attempt));
    written.ack = parts_.connection.expect_ack(id);
    WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
  }
}

Task<Result<void>> MessageSender::heed(const SendVerdict& verdict, const Destination& destination) {
  if (verdict.device_lists == SendVerdict::DeviceLists::kStale && !destination.to.empty()) {
    Changes changes;
    WA_CO_TRY_VOID(co_await parts_.directory.drop(destination.to, changes));
    WA_CO_TRY_VOID(co_await parts_.directory.drop(parts_.connection.self().pn, changes));
    WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  }
  if (verdict.lid == SendVerdict::Lid::kStale && destination.pn) {
    const auto refreshed = co_await parts_.directory.refresh_lid(*destination.pn);
    if (!refreshed)
      parts_.outside.log.warn("a LID could not be refreshed", {{"error", refreshed.error().message}});
  }
  co_return Result<void>{};
}

/// The application hears of it, and a refusal to write first is heeded from now on.
Task<Result<void>> MessageSender::tell(std::string id, const SendVerdict& verdict,
                                       const Destination& destination) {
  if (verdict.result == SendVerdict::Result::kAgain) co_return Result<void>{};
  const bool sent = verdict.result == SendVerdict::Result::kSent;
  MessageStatus status;
  status.chat = destination.told;
  status.ids.push_back(std::move(id));
  status.state = sent ? MessageStatus::State::kServerAck : MessageStatus::State::kError;
  status.at = verdict.timestamp != 0 ? verdict.timestamp : parts_.connection.unix_seconds();
  status.error_code = sent ? 0 : verdict.error.detail;
  Changes changes;
  parts_.outside.sink.stage_event(status, changes);
  if (!changes.empty()) WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  parts_.outside.sink.staged();
  if (status.error_code != kReachOutLocked && status.error_code != kNewChatsCapped) co_return Result<void>{};
  if (status.error_code == kReachOutLocked) parts_.tokens.issue_now(destination.to);
  co_return co_await parts_.new_contacts.note_refusal(destination.to, status.error_code);
}

// ---- who ----------------------------------------------------------------------------------------------

Task<Result<MessageSender::Destination>> MessageSender::resolve(Jid to) {
  const Jid account = to.normalized().account();
  if (account.user().empty() || (!account.is_pn() && !account.is_lid()))
    co_return fail(ErrorCode::kInvalidArgument, "only people can be written to");

  Destination out;
  if (account.is_lid()) {
    out.to = out.told = account;
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(account.user())));
    if (pn) out.pn = pn_jid(*pn);
  } else {
    WA_CO_TRY(out, co_await resolve_number(account));
  }
  const Self& self = parts_.connection.self();
  out.own = out.to.is_lid() && !self.lid.user().empty() ? self.lid.account() : self.pn.account();
  co_return out;
}

Task<Result<MessageSender::Destination>> MessageSender::resolve_number(Jid pn) {
  Destination out;
  out.told = pn;
  WA_CO_TRY(auto lid, co_await parts_.lids.lid_of(std::string(pn.user())));
  if (!lid && !is_own_account(parts_.connection.self(), pn)) {
    WA_CO_TRY(const KnownNumber known, co_await parts_.directory.look_up_number(std::string(pn.user())));
    out.told = known.pn;
    lid = known.lid;
  }
  out.to = lid ? lid_jid(*lid) : out.told;
  if (lid) out.pn = out.told;
  co_return out;
}

// ---- what ---------------------------------------------------------------------------------------------

ChatAddress MessageSender::Destination::address() const {
  return {to, own, to.is_lid() ? ChatAddress::Form::kLid : ChatAddress::Form::kPn};
}

Task<Result<std::vector<FanOutTarget>>> MessageSender::targets_of(const Destination& destination,
                                                                  ByteView message,
                                                                  ByteView for_own_devices) {
  std::vector<Jid> accounts{destination.to};
  if (!destination.own.same_account(destination.to)) accounts.push_back(destination.own);
  WA_CO_TRY(const auto devices, co_await parts_.directory.devices_of(std::move(accounts)));
  std::vector<FanOutTarget> out;
  for (const Jid& device : devices) {
    WA_CO_TRY(const auto address, co_await parts_.lids.address_for(device));
    if (!address) continue;
    const bool own = is_own_account(parts_.connection.self(), device);
    out.push_back({device, *address, own ? for_own_devices : message});
  }
  co_return out;
}

Node MessageSender::stanza_of(const std::string& id, const message::StanzaTraits& traits,
                              const Destination& destination, const std::vector<FanOutEntry>& entries) const {
  Node participants("participants");
  for (const FanOutEntry& entry : entries) {
    Node enc = enc_node(entry.message);
    add_enc_traits(traits, enc);
    participants.add_child(Node("to").with("jid", entry.device).add(std::move(enc)));
  }
  Node stanza =
      Node("message").with("id", std::string{id}).with("to", destination.to).add(std::move(participants));
  add_traits(traits, stanza);
  if (destination.to.is_lid() && destination.pn) stanza.set("peer_recipient_pn", *destination.pn);
  const auto& paired = parts_.connection.credentials().paired;
  if (begins_a_session(entries) && paired)
    stanza.add_child(Node("device-identity").bytes(ByteView{paired->account_identity}));
  return stanza;
}

}  // namespace whatsapp
