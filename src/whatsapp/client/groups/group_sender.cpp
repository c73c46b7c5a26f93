#include "whatsapp/client/groups/group_sender.h"

#include <algorithm>
#include <utility>

#include "whatsapp/binary/codec.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/message/phash.h"
#include "whatsapp/message/sender_key_share.h"
#include "whatsapp/signal/group_cipher.h"

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
constexpr int kMaxKeyChanges = 3;              // while a message is being written
constexpr int kWrongAddressing = 421;

std::unexpected<base::Error> not_connected() { return fail(ErrorCode::kClosed, "not connected"); }

/// Sessions are made, and keys handed out, so many at a time: what is encrypted is committed, and others get
/// their turn in between.
constexpr std::size_t kSlice = kBundlesPerQuery;

const Node* shared_payload(const Node& stanza) {
  for (const Node* enc : stanza.children("enc"))
    if (enc->attr_is("type", "skmsg")) return enc;
  return nullptr;
}

std::vector<signal::Address> addresses_of(const std::vector<FanOutTarget>& devices) {
  std::vector<signal::Address> out;
  for (const FanOutTarget& device : devices) out.push_back(device.address);
  return out;
}

bool same_position(const signal::SenderKeyRecord& a, const signal::SenderKeyRecord& b) {
  return a.own() != nullptr && b.own() != nullptr && a.own()->id == b.own()->id &&
         a.own()->chain.index == b.own()->chain.index;
}

}  // namespace

// ---- the way of a message -----------------------------------------------------------------------------

Task<Result<SendOutcome>> GroupSender::send(OutgoingMessage message, SendJournal& journal) {
  if (!parts_.connection.attached()) co_return not_connected();
  const CurrentConnection::Use use(parts_.connection);
  if (message.id.empty()) co_return fail(ErrorCode::kInvalidArgument, "a message needs an id");
  message.to = message.to.normalized().bare();

  std::optional<WrittenContent> content;
  std::optional<SendOutcome> sent;
  for (const Freshness freshness : {Freshness::kCached, Freshness::kRefetched}) {
    ChatOrder::Place place(chats_, message.to.to_string());
    WA_CO_TRY_VOID(co_await place.wait());
    auto to = co_await recipients_of(message, freshness);
    if (!to && sent) co_return *sent;
    if (!to) co_return fail(to.error());
    if (!content) {
      WA_CO_TRY(content, co_await content_of(message, *to));
    }
    const auto journaling = freshness == Freshness::kCached ? Journaling::kYes : Journaling::kAlreadyDone;
    auto written = co_await write(message, *content, *to, journal, journaling);
    place.done();
    if (!written && sent) co_return *sent;
    if (!written) co_return fail(written.error());
    const auto ack = co_await acked(message.id, *written);
    if (!ack && sent) co_return *sent;
    if (!ack) co_return fail(ack.error());

    const auto stanza = binary::decode(written->stanza);
    if (!stanza) co_return fail(stanza.error());
    const SendVerdict verdict = read_send_ack(*ack);
    if (verdict.result == SendVerdict::Result::kSent) {
      const std::int64_t time = verdict.timestamp != 0 ? verdict.timestamp : parts_.connection.unix_seconds();
      sent = SendOutcome{message.to, time};
    }
    const auto noted = co_await note_answer(*ack, *stanza, verdict);
    if (!noted) parts_.connection.give_up(noted.error());
    if (server_disagrees(*ack, *stanza) && freshness == Freshness::kCached && noted) continue;
    if (sent) co_return *sent;
    co_return fail(verdict.error);
  }
  co_return *sent;  // not reached: the second round always returns
}

bool GroupSender::wrote(ByteView bytes) {
  const auto stanza = binary::decode(bytes);
  const auto to = stanza ? stanza->jid("to") : std::nullopt;
  return to && (to->is_group() || to->is_status());
}

Task<Result<SendOutcome>> GroupSender::resend(std::string id, Bytes bytes) {
  if (!parts_.connection.attached()) co_return not_connected();
  const CurrentConnection::Use use(parts_.connection);
  const auto stanza = binary::decode(bytes);
  if (!stanza) co_return fail(ErrorCode::kInvalidArgument, "the stored stanza cannot be read");
  Written written{parts_.connection.expect_ack(id), std::move(bytes)};
  WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
  WA_CO_TRY(const Node ack, co_await acked(id, written));
  const SendVerdict verdict = read_send_ack(ack);
  const auto noted = co_await note_answer(ack, *stanza, verdict);
  if (!noted) parts_.connection.give_up(noted.error());
  if (verdict.result != SendVerdict::Result::kSent) co_return fail(verdict.error);
  const std::int64_t time = verdict.timestamp != 0 ? verdict.timestamp : parts_.connection.unix_seconds();
  co_return SendOutcome{stanza->jid("to").value_or(Jid{}), time};
}

/// The last ack; after transient errors the same bytes go out again.
Task<Result<Node>> GroupSender::acked(const std::string& id, Written& written) {
  for (int attempt = 1;; ++attempt) {
    if (!written.ack) co_return not_connected();
    WA_CO_TRY(Node ack, co_await written.ack->wait(parts_.settings.send_ack_timeout));
    const SendVerdict verdict = read_send_ack(ack);
    if (verdict.result != SendVerdict::Result::kAgain || attempt == kMaxAttempts) co_return ack;
    WA_CO_TRY_VOID(co_await parts_.connection.pause(kAgainAfter * attempt));
    written.ack = parts_.connection.expect_ack(id);
    WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
  }
}

// ---- to whom ------------------------------------------------------------------------------------------

Task<Result<GroupSender::Recipients>> GroupSender::recipients_of(const OutgoingMessage& message,
                                                                 Freshness freshness) {
  if (message.to.is_status()) co_return co_await status_viewers(message);
  co_return co_await group_members(message.to, freshness);
}

Task<Result<GroupSender::Recipients>> GroupSender::group_members(Jid chat, Freshness freshness) {
  const Self& self = parts_.connection.self();
  Recipients out;
  out.chat = chat;
  WA_CO_TRY(out.group, co_await groups_.get(chat, freshness));
  if (out.group->find_own(self) == nullptr && freshness == Freshness::kCached) {
    WA_CO_TRY(out.group, co_await groups_.get(chat, Freshness::kRefetched));
  }
  if (out.group->find_own(self) == nullptr)
    co_return fail(ErrorCode::kRejected, "we are not a member of the group", 403);

  const bool by_lid = out.group->members_by_lid() && !self.lid.user().empty();
  const Jid own_device = by_lid ? self.lid : self.pn;
  std::vector<Jid> accounts{own_device.account()};
  for (const GroupMember& member : out.group->members)
    if (!is_own_account(self, member.jid)) accounts.push_back(member.jid);
  WA_CO_TRY_VOID(co_await add_devices(std::move(accounts), out));

  std::vector<Jid> hashed{own_device};
  for (const FanOutTarget& device : out.devices) hashed.push_back(device.device);
  out.phash = message::participant_hash(hashed);
  out.own = own_device.account();
  co_return out;
}

Task<Result<GroupSender::Recipients>> GroupSender::status_viewers(const OutgoingMessage& message) {
  const Self& self = parts_.connection.self();
  Recipients out;
  out.chat = Jid::status();
  WA_CO_TRY(const auto audience, co_await status_.of(message.audience));
  out.viewers = audience.accounts;
  out.status_setting = audience.setting;
  out.own = self.lid.user().empty() ? self.pn.account() : self.lid.account();
  std::vector<Jid> accounts = audience.accounts;
  accounts.push_back(out.own);
  WA_CO_TRY_VOID(co_await add_devices(std::move(accounts), out));
  co_return out;
}

Task<Result<void>> GroupSender::add_devices(std::vector<Jid> accounts, Recipients& out) {
  WA_CO_TRY(const auto devices, co_await parts_.directory.devices_of(std::move(accounts)));
  for (const Jid& device : devices) {
    if (device.is_hosted_device()) continue;
    WA_CO_TRY(const auto address, co_await parts_.lids.address_for(device));
    if (address) out.devices.push_back({device, *address, {}});
  }
  co_return Result<void>{};
}

// ---- what ---------------------------------------------------------------------------------------------

ChatAddress GroupSender::Recipients::address() const {
  return {chat, own, own.is_lid() ? ChatAddress::Form::kLid : ChatAddress::Form::kPn};
}

Task<Result<WrittenContent>> GroupSender::content_of(OutgoingMessage message, const Recipients& to) {
  if (to.group && message.context.expiration == 0) message.context.expiration = to.group->ephemeral_seconds;
  const ChatAddress address = to.address();
  co_return co_await write_content(parts_, message, address);
}

// ---- writing ------------------------------------------------------------------------------------------

Task<Result<GroupSender::Written>> GroupSender::write(const OutgoingMessage& message,
                                                      const WrittenContent& content, const Recipients& to,
                                                      SendJournal& journal, Journaling journaling) {
  const std::string chat = to.chat.to_string();
  for (int attempt = 0; attempt < kMaxKeyChanges; ++attempt) {
    WA_CO_TRY(const Prepared prepared, co_await prepare(to));
    WA_CO_TRY(const auto shares, co_await hand_out(prepared));

    WA_CO_TRY(auto work, co_await parts_.sessions.begin());
    WA_CO_TRY(auto record, co_await keys_.current(chat));
    // Somebody left in the meantime: what was handed out is not the key any more.
    if (!same_position(record, prepared.key.record)) continue;
    const Bytes padded = message::pad(content.plaintext, parts_.outside.random);
    WA_CO_TRY(const Bytes ciphertext, signal::group_encrypt(record, padded, parts_.outside.random));
    keys_.store(chat, record, work.changes);
    WA_CO_TRY(Bytes stanza, binary::encode(stanza_of(message, content.traits, to, shares, ciphertext)));
    work.changes.sent_messages.push_back({chat, message.id, content.plaintext, content.traits.type,
                                          content.traits.edit, parts_.connection.unix_seconds()});
    if (journaling == Journaling::kYes) {
      const ChatAddress address = to.address();
      WA_CO_TRY_VOID(co_await remember_content(parts_, content, message.id, address, work.changes));
      if (to.chat.is_status()) status_.remember(message.id, to.viewers, work.changes);
      journal.stage(to.chat, stanza, work.changes);
    }
    const auto committed = co_await work.commit();
    if (!committed) {
      parts_.connection.give_up(committed.error());
      co_return fail(committed.error());
    }
    Written written{parts_.connection.expect_ack(message.id), std::move(stanza)};
    WA_CO_TRY_VOID(parts_.connection.send_encoded(written.stanza));
    co_return written;
  }
  co_return fail(ErrorCode::kUnavailable, "the members of the group change too fast");
}

/// The key as it is before this message: with it, those who get it now can read this message too.
Task<Result<GroupSender::Prepared>> GroupSender::prepare(const Recipients& to) {
  const std::string chat = to.chat.to_string();
  Prepared out;
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY(out.key, co_await keys_.key_for(chat, addresses_of(to.devices), work.changes));
  WA_CO_TRY(const Bytes distribution, signal::distribution_message(out.key.record));
  out.share = message::sender_key_share(chat, distribution);
  for (const FanOutTarget& device : to.devices)
    if (!out.key.marked.contains(device.address.to_text())) out.without_key.push_back(device);
  WA_CO_TRY_VOID(co_await work.commit());
  co_return out;
}

Task<Result<std::vector<FanOutEntry>>> GroupSender::hand_out(const Prepared& prepared) {
  std::vector<FanOutEntry> out;
  const auto& all = prepared.without_key;
  for (std::size_t begin = 0; begin < all.size(); begin += kSlice) {
    std::vector<FanOutTarget> slice(
        all.begin() + static_cast<std::ptrdiff_t>(begin),
        all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), begin + kSlice)));
    for (FanOutTarget& target : slice) target.plaintext = prepared.share;
    WA_CO_TRY(const Bundles bundles, co_await fan_out_.missing_bundles(slice));
    WA_CO_TRY(auto work, co_await parts_.sessions.begin());
    WA_CO_TRY(auto entries, co_await fan_out_.encrypt(slice, bundles, work));
    WA_CO_TRY_VOID(co_await work.commit());
    std::ranges::move(entries, std::back_inserter(out));
  }
  co_return out;
}

Node GroupSender::stanza_of(const OutgoingMessage& message, const message::StanzaTraits& traits,
                            const Recipients& to, const std::vector<FanOutEntry>& shares,
                            ByteView ciphertext) const {
  Node participants("participants");
  for (const FanOutEntry& share : shares) {
    Node enc = enc_node(share.message);
    enc.set("decrypt-fail", "hide");
    participants.add_child(Node("to").with("jid", share.device).add(std::move(enc)));
  }
  for (const Jid& viewer : to.viewers) {
    const bool named = std::ranges::any_of(
        shares, [&](const FanOutEntry& share) { return share.device.same_account(viewer); });
    if (!named) participants.add_child(Node("to").with("jid", viewer));
  }

  Node stanza = Node("message").with("id", std::string_view{message.id}).with("to", to.chat);
  if (!to.phash.empty()) stanza.set("phash", to.phash);
  const bool by_lid = to.group ? to.group->addressing == GroupAddressing::kLid : to.own.is_lid();
  stanza.set("addressing_mode", by_lid ? "lid" : "pn");
  if (!participants.children().empty()) stanza.add_child(std::move(participants));
  const auto& paired = parts_.connection.credentials().paired;
  if (begins_a_session(shares) && paired)
    stanza.add_child(Node("device-identity").bytes(ByteView{paired->account_identity}));

  Node enc = Node("enc").with("v", "2").with("type", "skmsg").bytes(ciphertext);
  add_enc_traits(traits, enc);
  stanza.add_child(std::move(enc));
  message::StanzaTraits said = traits;
  const bool about_another = !traits.edit.empty() || traits.type == "reaction";
  if (!to.status_setting.empty() && !about_another)
    said.meta.emplace_back("status_setting", to.status_setting);
  add_traits(said, stanza);
  return stanza;
}

// ---- what the server says -----------------------------------------------------------------------------

bool GroupSender::server_disagrees(const Node& ack, const Node& stanza) {
  if (ack.number("error").value_or(0) == kWrongAddressing) return true;
  if (ack.has_attr("error")) return false;
  const auto differs = [&](std::string_view key) {
    const auto theirs = ack.attr(key);
    return theirs && stanza.has_attr(key) && !theirs->empty() && !stanza.attr_is(key, *theirs);
  };
  return differs("phash") || differs("addressing_mode");
}

Task<Result<void>> GroupSender::note_answer(const Node& ack, const Node& stanza, const SendVerdict& verdict) {
  if (server_disagrees(ack, stanza)) co_return co_await note_disagreement(ack, stanza);
  if (verdict.result == SendVerdict::Result::kSent) co_return co_await note_delivered(stanza);
  const auto chat = stanza.jid("to");
  const int code = verdict.error.detail;
  if (chat && chat->is_group() && (code == 401 || code == 403 || code == 404))
    co_return co_await groups_.distrust(*chat);
  co_return Result<void>{};
}

/// Who got the key with this stanza has it.
Task<Result<void>> GroupSender::note_delivered(const Node& stanza) {
  const auto chat = stanza.jid("to");
  const Node* participants = stanza.child("participants");
  const Node* payload = shared_payload(stanza);
  if (!chat || participants == nullptr || payload == nullptr) co_return Result<void>{};
  const auto key_id = signal::sender_key_id(payload->bytes());
  if (!key_id) co_return Result<void>{};
  std::vector<signal::Address> have_it;
  for (const Node* to : participants->children("to")) {
    const auto device = to->jid("jid");
    if (!device || to->child("enc") == nullptr) continue;
    WA_CO_TRY(const auto address, co_await parts_.lids.address_for(*device));
    if (address) have_it.push_back(*address);
  }
  Changes changes;
  OwnSenderKeys::mark(chat->to_string(), have_it, *key_id, changes);
  if (changes.empty()) co_return Result<void>{};
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

/// Nothing that we believed about the members holds. If they are named in another form, nor does the key.
Task<Result<void>> GroupSender::note_disagreement(const Node& ack, const Node& stanza) {
  const auto chat = stanza.jid("to");
  if (!chat) co_return Result<void>{};
  parts_.outside.log.info("the server sees other members of a group than we do",
                          {{"group", chat->to_string()}});
  Changes changes;
  const auto mode = ack.attr("addressing_mode");
  const bool other_form = ack.has_attr("error") || (mode && !stanza.attr_is("addressing_mode", *mode));
  if (other_form) {
    keys_.throw_away(chat->to_string(), changes);
  } else {
    OwnSenderKeys::forget_marks(chat->to_string(), changes);
  }
  if (chat->is_group()) {
    WA_CO_TRY_VOID(co_await groups_.distrust(*chat));
    WA_CO_TRY_VOID(co_await groups_.drop_device_lists(*chat, changes));
  }
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

}  // namespace whatsapp
