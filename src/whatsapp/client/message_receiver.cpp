#include "whatsapp/client/message_receiver.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "whatsapp/client/add_ons/add_on_opener.h"
#include "whatsapp/client/add_ons/chat_timer.h"
#include "whatsapp/client/add_ons/secret_book.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/delivery/identity_news.h"
#include "whatsapp/client/groups/channel_posts.h"

namespace whatsapp {

using base::Result;
using binary::Jid;
using message::Kind;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using Ending = Opened::Ending;

// ---- names in the store -------------------------------------------------------------------------------

/// Under which names a message may be in the seen set: the sender's LID, or his number from before the LID
/// was known. New rows get the first.
struct MessageReceiver::SeenKeys {
  std::string chat;
  std::vector<std::string> senders;

  explicit SeenKeys(const Intake& intake) {
    const MessageSource& source = intake.source;
    senders.push_back(source.is_own() ? "me" : lid_or_pn(intake));
    if (!source.is_own()) {
      add(source.sender);
      if (source.sender_other_form) add(*source.sender_other_form);
    }
    if (source.route == MessageSource::Route::kShared) {
      chat = source.sender_key_chat;
    } else if (source.is_own() && source.chat_is_known) {
      chat = source.chat.to_string();
    }
  }
  [[nodiscard]] std::string counter_key(const std::string& id) const {
    return "out|" + chat + "|" + senders.front() + "|" + id;
  }

 private:
  static std::string lid_or_pn(const Intake& intake) {
    const signal::Address& address = intake.sender.address;
    return is_pn(address.domain) ? pn_jid(address.user).to_string() : lid_jid(address.user).to_string();
  }
  void add(const Jid& jid) {
    std::string text = jid.account().to_string();
    if (std::ranges::find(senders, text) == senders.end()) senders.push_back(std::move(text));
  }
};

/// What the store has about a message and its sender.
struct MessageReceiver::Rows {
  bool seen = false;
  std::optional<store::RetryCounter> counter;
  std::vector<PeerRows> peer;  // empty: it is in memory
  signal::LoadedPreKeys pre_keys;
  std::optional<base::Bytes> sender_keys;
  std::optional<signal::Address> old_address;  // sender keys still under the number
  std::optional<base::Bytes> old_sender_keys;
};

namespace {

constexpr std::int64_t kStatusLife = 86'400;  // seconds: nobody can see an older post

Result<signal::LoadedPreKeys> read_pre_keys(DeviceStore& device,
                                            const std::vector<EncryptedPayload>& payloads) {
  signal::LoadedPreKeys out;
  for (const EncryptedPayload& payload : payloads) {
    if (payload.kind != EncryptedPayload::Kind::kPreKeyMessage) continue;
    const auto named = signal::peek_pre_keys(payload.bytes);
    if (!named) continue;  // decrypting will say what is wrong with it
    WA_TRY(auto signed_key, device.signed_pre_key(named->signed_pre_key_id));
    if (signed_key) out.signed_pre_key = std::move(signed_key);
    if (!named->pre_key_id) continue;
    WA_TRY(auto row, device.pre_key(*named->pre_key_id));
    if (row) out.pre_key = std::move(row->key);
  }
  return out;
}

}  // namespace

// ---- the way of a message -----------------------------------------------------------------------------

Task<void> MessageReceiver::take(const binary::Node& stanza) {
  StanzaAnswer answer(parts_.connection, stanza, parts_.outside.log);
  const auto source = read_message_source(stanza, parts_.connection.self());
  if (!source) {
    answer.refuse(Refusal::kMalformed);
    co_return;
  }
  if (answer_unopened(*source, answer)) co_return;
  if (source->route == MessageSource::Route::kChannel) co_return co_await take_post(stanza, *source, answer);
  // With <enc> beside it there is something to read all the same (10 Q12).
  if (stanza.child("unavailable") != nullptr && stanza.child("enc") == nullptr) {
    const auto taken = co_await take_withheld(stanza, *source, answer);
    if (!taken) answer.give_up(taken.error());
    co_return;
  }
  auto payloads = encrypted_payloads(stanza, source->route);
  if (!payloads) {
    answer.refuse(payloads.error());
    co_return;
  }
  const auto room = co_await wait_for_room();
  if (!room) {
    answer.give_up(room.error());
    co_return;
  }
  Intake intake{stanza, *source, *std::move(payloads), {}, Intake::Known::kNew, {}, 0};
  const auto taken = co_await take_in(intake, answer);
  if (!taken) answer.give_up(taken.error());
}

bool MessageReceiver::answer_unopened(const MessageSource& source, StanzaAnswer& answer) {
  const std::int64_t age = parts_.connection.unix_seconds() - source.timestamp;
  const bool gone = source.chat.is_status() && source.timestamp != 0 && age > kStatusLife;
  if (source.type != "medianotify" && !gone) return false;
  answer.ack();
  return true;
}

/// The message was not encrypted for this device. The phone is asked; what it must not give is told as such.
Task<Result<void>> MessageReceiver::take_withheld(const binary::Node& stanza, const MessageSource& source,
                                                  StanzaAnswer& answer) {
  WA_CO_TRY_VOID(co_await wait_for_room());
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await parts_.lids.learn(source.pairs, work.changes));
  Intake intake{stanza, source, {}, {}, Intake::Known::kNew, {}, 0};
  WA_CO_TRY(const auto address, co_await parts_.lids.address_for(source.sender));
  if (address) intake.sender.address = *address;
  WA_CO_TRY(const bool seen, co_await was_seen(intake));
  const std::string type = stanza.child("unavailable")->attr("type").value_or("");
  if (!seen && type == "view_once") {
    Opened opened;
    opened.messages.emplace_back();
    opened.messages.back().content.kind = Kind::kUnsupported;
    opened.messages.back().content.text = type;
    WA_CO_TRY(const auto event, co_await event_of(intake, opened));
    if (event) parts_.outside.sink.stage(*event, work.changes);
    mark_seen(intake, work.changes);
  } else if (!seen) {
    WA_CO_TRY_VOID(co_await placeholders_.want(stanza, source, work.changes));
  }
  WA_CO_TRY_VOID(co_await work.commit());
  answer.ack();
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

Task<Result<bool>> MessageReceiver::was_seen(const Intake& intake) {
  const SeenKeys keys(intake);
  auto query = [&](DeviceStore& device) -> Result<bool> {
    for (const std::string& sender : keys.senders) {
      WA_TRY(const bool seen, device.seen(keys.chat, sender, intake.source.id));
      if (seen) return true;
    }
    return false;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<void>> MessageReceiver::take_recovered(const binary::Node& stanza, base::Bytes message,
                                                   Changes& changes) {
  const auto source = read_message_source(stanza, parts_.connection.self());
  auto read = message::read_message(message);
  if (!source || !read) {
    parts_.outside.log.warn("a message from the phone cannot be read");
    co_return Result<void>{};
  }
  Intake intake{stanza, *source, {}, {}, Intake::Known::kNew, {}, 0};
  WA_CO_TRY(const auto address, co_await parts_.lids.address_for(source->sender));
  if (address) intake.sender.address = *address;
  WA_CO_TRY(const bool seen, co_await was_seen(intake));
  if (seen) co_return Result<void>{};
  Opened opened;
  opened.messages.push_back(*std::move(read));
  WA_CO_TRY(const auto event, co_await event_of(intake, opened));
  if (event) parts_.outside.sink.stage(*event, changes);
  mark_seen(intake, changes);
  co_return Result<void>{};
}

Task<Result<void>> MessageReceiver::wait_for_room() {
  while (!parts_.outside.sink.has_room()) {
    runtime::OneShot<runtime::Done> room(parts_.outside.loop);
    waiting_for_room_ = &room;
    const auto woken = co_await parts_.connection.await_event(room);
    waiting_for_room_ = nullptr;
    if (!woken) co_return woken;
  }
  co_return Result<void>{};
}

void MessageReceiver::resume() {
  if (waiting_for_room_ != nullptr) waiting_for_room_->set(runtime::Done{});
}

// ---- channels -----------------------------------------------------------------------------------------

Task<void> MessageReceiver::take_post(const binary::Node& stanza, const MessageSource& source,
                                      StanzaAnswer& answer) {
  const auto room = co_await wait_for_room();
  if (!room) {
    answer.give_up(room.error());
    co_return;
  }
  auto work = co_await parts_.sessions.begin();
  if (!work) {
    answer.give_up(work.error());
    co_return;
  }
  const auto staged = co_await stage_post(stanza, source, work->changes);
  Result<void> done;
  if (!staged) done = base::fail(staged.error());
  if (done) done = co_await work->commit();
  if (!done) {
    answer.give_up(done.error());
    co_return;
  }
  answer.ack();  // never a receipt: the server ends connections that send receipts for channels
  if (*staged) parts_.outside.sink.staged();
}

Task<Result<bool>> MessageReceiver::stage_post(const binary::Node& post, MessageSource source,
                                               Changes& changes) {
  auto read = read_post(post);
  if (!read) co_return false;
  const std::string chat = source.chat.to_string();
  const std::string seen_as = post_version(post, source.id);
  auto query = [&](DeviceStore& device) { return device.seen(chat, chat, seen_as); };
  WA_CO_TRY(const bool seen, co_await parts_.outside.store.read(query));
  if (seen) co_return false;
  Intake intake{post, source, {}, {}, Intake::Known::kNew, {}, 0};
  Opened opened;
  opened.messages.push_back(*std::move(read));
  WA_CO_TRY(auto event, co_await event_of(intake, opened));
  const std::int64_t now = parts_.connection.unix_seconds();
  remember_post_number(source.chat, source.id, post, now, changes);
  changes.seen_messages.push_back({chat, chat, seen_as, now});
  if (!event) co_return false;
  event->id = seen_as;
  parts_.outside.sink.stage(*event, changes);
  co_return true;
}

// ---- encrypted messages -------------------------------------------------------------------------------

Task<Result<void>> MessageReceiver::take_in(Intake& intake, StanzaAnswer& answer) {
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await load(intake, work));
  if (intake.known == Intake::Known::kSeen) {
    WA_CO_TRY_VOID(co_await work.commit());
    answer_read(intake, answer);
    co_return Result<void>{};
  }

  const auto& credentials = parts_.connection.credentials();
  const signal::LocalIdentity local{credentials.identity, credentials.registration_id};
  MessageOpener opener(parts_.sessions, local, intake.source, parts_.connection.unix_seconds(),
                       parts_.outside.random);
  const Opened opened = opener.open(intake.payloads, intake.sender, work.changes);
  if (opened.sender_keys_changed) {
    std::pair name{intake.source.sender_key_chat, intake.sender.address};
    work.changes.sender_keys.emplace_back(std::move(name), intake.sender.sender_keys.serialize());
  }
  switch (opened.ending) {
    case Ending::kRead:
      co_return co_await conclude_read(intake, opened, std::move(work), answer);
    case Ending::kNoMessage:
      co_return co_await conclude_refused(intake, std::move(work), answer);
    case Ending::kDuplicate:  // not in the seen set: its keys were used, but the message never came to us
    case Ending::kUndecryptable:
      break;
  }
  co_return co_await conclude_failed(intake, opened, std::move(work), answer);
}

// ---- loading ------------------------------------------------------------------------------------------

Task<Result<void>> MessageReceiver::load(Intake& intake, SessionWork& work) {
  WA_CO_TRY_VOID(co_await parts_.lids.learn(intake.source.pairs, work.changes));
  WA_CO_TRY(const auto address, co_await parts_.lids.address_for(intake.source.sender));
  if (address) intake.sender.address = *address;
  const SeenKeys keys(intake);
  intake.counter_key = keys.counter_key(intake.source.id);
  const bool shared = intake.source.route == MessageSource::Route::kShared;
  const bool peer_loaded = parts_.sessions.loaded(intake.sender.address);

  auto query = [&](DeviceStore& device) -> Result<Rows> {
    Rows rows;
    for (const std::string& sender : keys.senders) {
      WA_TRY(const bool seen, device.seen(keys.chat, sender, intake.source.id));
      rows.seen = rows.seen || seen;
    }
    if (rows.seen) return rows;
    WA_TRY(rows.counter, device.retry_counter(intake.counter_key));
    WA_TRY(rows.pre_keys, read_pre_keys(device, intake.payloads));
    if (!peer_loaded) {
      WA_TRY(rows.peer, read_peers(device, {intake.sender.address}));
    }
    if (!shared) return rows;
    WA_TRY(rows.sender_keys, device.sender_key(intake.source.sender_key_chat, intake.sender.address));
    const auto wire = address_of(intake.source.sender);
    if (rows.sender_keys || !wire || *wire == intake.sender.address) return rows;
    rows.old_address = wire;
    WA_TRY(rows.old_sender_keys, device.sender_key(intake.source.sender_key_chat, *wire));
    return rows;
  };
  WA_CO_TRY(Rows rows, co_await parts_.outside.store.read(query));
  adopt(std::move(rows), intake, work);
  co_return Result<void>{};
}

void MessageReceiver::adopt(Rows rows, Intake& intake, SessionWork& work) {
  if (rows.seen) intake.known = Intake::Known::kSeen;
  if (rows.counter) intake.asked = rows.counter->count;
  for (PeerRows& peer : rows.peer) parts_.sessions.adopt(std::move(peer), work.changes);
  intake.sender.pre_keys = std::move(rows.pre_keys);
  if (rows.sender_keys) {
    auto record = signal::SenderKeyRecord::parse(*rows.sender_keys);
    if (record) intake.sender.sender_keys = *std::move(record);  // else: asked for again, like a lost one
  }
  if (!rows.old_sender_keys) return;
  if (const auto old = signal::SenderKeyRecord::parse(*rows.old_sender_keys)) {
    intake.sender.sender_keys.absorb(*old);
    const std::string& chat = intake.source.sender_key_chat;
    work.changes.sender_keys.emplace_back(std::pair{chat, intake.sender.address},
                                          intake.sender.sender_keys.serialize());
    work.changes.sender_keys.emplace_back(std::pair{chat, *rows.old_address}, std::nullopt);
  }
}

// ---- endings ------------------------------------------------------------------------------------------

Task<Result<void>> MessageReceiver::conclude_read(Intake& intake, const Opened& opened, SessionWork work,
                                                  StanzaAnswer& answer) {
  for (const message::ReadMessage& read : opened.messages) {
    if (!believable(read, intake.source)) continue;
    WA_CO_TRY_VOID(co_await obey(read.self_notice, intake.source, work.changes));
  }
  WA_CO_TRY(const auto event, co_await event_of(intake, opened));
  if (event) {
    WA_CO_TRY_VOID(co_await remember(opened, *event, work.changes));
    parts_.outside.sink.stage(*event, work.changes);
  }
  WA_CO_TRY_VOID(co_await note_sender(intake, opened, work.changes));
  if (intake.asked > 0 || placeholders_.wants(intake.source.id))
    placeholders_.has_come(intake.source.id, work.changes);
  mark_seen(intake, work.changes);
  WA_CO_TRY_VOID(co_await work.commit());
  answer_read(intake, answer);
  if (opened.identity_changed && !intake.source.is_own()) parts_.tokens.issue_again(intake.source.sender);
  for (const message::ReadMessage& read : opened.messages) {
    if (!intake.source.is_own() || std::holds_alternative<std::monostate>(read.self_notice)) continue;
    for (SelfNoticeListener* listener : listeners_) listener->committed(read.self_notice, intake.source);
  }
  parts_.outside.sink.staged();
  if (intake.asked > 0) parts_.outside.observer.on_decrypt_repaired(intake.source.id);
  co_return Result<void>{};
}

/// What a message tells about its author besides what it says: his name, that he writes to us, and that his
/// phone has other keys than before (10 S10).
Task<Result<void>> MessageReceiver::note_sender(const Intake& intake, const Opened& opened,
                                                Changes& changes) {
  const MessageSource& source = intake.source;
  if (source.is_own()) co_return Result<void>{};
  const bool wrote_to_us = source.route == MessageSource::Route::kDirect && source.sender_key_chat.empty() &&
                           !opened.messages.empty();
  const auto heard = wrote_to_us ? ContactBook::Heard::kMessage : ContactBook::Heard::kName;
  WA_CO_TRY_VOID(co_await parts_.contacts.note(source.sender, source.push_name, heard, changes));
  if (!opened.identity_changed) co_return Result<void>{};
  WA_CO_TRY_VOID(co_await parts_.directory.drop(source.sender.account(), changes));
  if (source.sender.device() == 0) co_return co_await tell_new_identity(parts_, source.sender, changes);
  co_return Result<void>{};
}

void MessageReceiver::answer_read(const Intake& intake, StanzaAnswer& answer) {
  const MessageSource& source = intake.source;
  if (source.route == MessageSource::Route::kPeer) {
    answer.receipt(ReceiptType::kPeerMessage);
  } else if (source.is_own()) {
    answer.receipt(ReceiptType::kSender);
  } else {
    const bool plain = parts_.settings.delivery_receipt == MessageDeskSettings::DeliveryReceipt::kPlain;
    answer.receipt(plain ? ReceiptType::kDelivered : ReceiptType::kInactive);
  }
}

Task<Result<void>> MessageReceiver::conclude_refused(Intake& intake, SessionWork work, StanzaAnswer& answer) {
  mark_seen(intake, work.changes);  // decrypted once: it will never be readable again
  WA_CO_TRY_VOID(co_await work.commit());
  answer.refuse(Refusal::kInvalidProtobuf);
  co_return Result<void>{};
}

Task<Result<void>> MessageReceiver::conclude_failed(Intake& intake, const Opened& opened, SessionWork work,
                                                    StanzaAnswer& answer) {
  FailedMessage failed{intake.stanza, intake.source, {}, 0, intake.counter_key, intake.asked};
  const bool duplicate = opened.ending == Ending::kDuplicate;
  if (!duplicate) {
    failed.reason = signal::retry_reason_code(opened.error);
    const bool only_sender_key = intake.payloads.front().kind == EncryptedPayload::Kind::kSenderKeyMessage;
    const bool no_session = opened.error == signal::DecryptError::kNoSession ||
                            opened.error == signal::DecryptError::kInvalidKeyId ||
                            (opened.error == signal::DecryptError::kNoSenderKey && only_sender_key);
    if (no_session) failed.keys = FailedMessage::Keys::kAtOnce;
  }
  for (const EncryptedPayload& payload : intake.payloads)
    failed.resent = std::max(failed.resent, payload.resent);

  WA_CO_TRY(auto request, co_await retries_.prepare(failed, work.changes));
  WA_CO_TRY_VOID(co_await placeholders_.want(intake.stanza, intake.source, work.changes));
  WA_CO_TRY_VOID(co_await work.commit());
  if (!duplicate) tell_failure(intake, opened.error, request.has_value());
  if (request) WA_CO_TRY_VOID(co_await retries_.send(*std::move(request)));
  answer.ack();
  co_return Result<void>{};
}

void MessageReceiver::tell_failure(const Intake& intake, signal::DecryptError error, bool asked) {
  parts_.outside.log.info("a message could not be decrypted",
                          {{"reason", signal::to_string(error)}, {"asked", intake.asked}});
  DecryptFailure failure{intake.source.id, intake.sender.address.user, error, DecryptFailure::Repair::kAsked};
  if (!asked)
    failure.repair =
        retries_.holds_back() ? DecryptFailure::Repair::kLater : DecryptFailure::Repair::kGivenUp;
  parts_.outside.observer.on_decrypt_failure(failure);
}

// ---- what it says -------------------------------------------------------------------------------------

bool MessageReceiver::believable(const message::ReadMessage& read, const MessageSource& source) const {
  const bool speaks_for_us =
      read.device_sent.has_value() || !std::holds_alternative<std::monostate>(read.self_notice);
  if (!speaks_for_us || source.is_own()) return true;
  parts_.outside.log.warn("a stranger pretended to be one of our own devices",
                          {{"sender", base::masked(source.sender.to_string())}});
  return false;
}

Task<Result<void>> MessageReceiver::obey(const message::SelfNotice& notice, const MessageSource& source,
                                         Changes& changes) {
  if (!source.is_own()) co_return Result<void>{};
  for (SelfNoticeListener* listener : listeners_)
    WA_CO_TRY_VOID(co_await listener->take(notice, source, changes));
  if (const auto* mappings = std::get_if<message::LidMappings>(&notice)) {
    std::vector<store::LidMapping> pairs;
    for (const auto& [pn, lid] : mappings->pairs) pairs.push_back({pn, lid});
    co_return co_await parts_.lids.learn(std::move(pairs), changes);
  }
  co_return Result<void>{};
}

Task<Result<std::optional<IncomingMessage>>> MessageReceiver::event_of(const Intake& intake,
                                                                       const Opened& opened) {
  const MessageSource& source = intake.source;
  const message::ReadMessage* found = nullptr;
  for (const message::ReadMessage& read : opened.messages)
    if (read.content.kind != Kind::kNone && believable(read, source)) found = &read;
  if (found == nullptr) co_return std::nullopt;

  IncomingMessage event;
  event.chat = source.chat;
  if (!source.chat_is_known && found->device_sent)
    if (const auto named = Jid::parse(found->device_sent->destination))
      event.chat = named->normalized().account();
  event.sender = source.sender.account();
  for (const auto& jid : {std::optional<Jid>{source.sender}, source.sender_other_form}) {
    if (jid && jid->is_pn()) event.sender_pn = jid->account();
    if (jid && jid->is_lid()) event.sender_lid = jid->account();
  }
  if (event.sender_pn && !event.sender_lid) {
    WA_CO_TRY(const auto lid, co_await parts_.lids.lid_of(std::string(event.sender_pn->user())));
    if (lid) event.sender_lid = lid_jid(*lid);
  } else if (event.sender_lid && !event.sender_pn) {
    WA_CO_TRY(const auto pn, co_await parts_.lids.pn_of(std::string(event.sender_lid->user())));
    if (pn) event.sender_pn = pn_jid(*pn);
  }
  event.id = source.id;
  event.timestamp = source.timestamp != 0 ? source.timestamp : parts_.connection.unix_seconds();
  event.push_name = source.push_name;
  if (source.is_own()) event.direction = IncomingMessage::Direction::kFromMe;
  event.content = found->content;
  event.target_author = target_author_of(event);
  if (!event.content.target.id.empty()) {
    const bool ours = is_own_account(parts_.connection.self(), event.target_author);
    event.target = ours ? IncomingMessage::Target::kOurs : IncomingMessage::Target::kTheirs;
  }
  const AddOnOrigin origin{event.chat.account(), event.sender, event.target_author};
  WA_CO_TRY_VOID(co_await open_sealed(parts_, origin, event.content));
  co_return std::optional<IncomingMessage>{std::move(event)};
}

/// The key names its author from the sender's point of view.
Jid MessageReceiver::target_author_of(const IncomingMessage& event) const {
  const message::MessageRef& target = event.content.target;
  if (target.id.empty()) return {};
  if (target.by == message::MessageRef::By::kSender) return event.sender;
  if (event.chat.is_group()) {
    const auto author = Jid::parse(target.author);
    return author ? author->normalized().account() : Jid{};
  }
  if (event.direction == IncomingMessage::Direction::kFromMe) return event.chat.account();
  const Self& self = parts_.connection.self();
  const bool by_lid = event.chat.is_lid() && !self.lid.user().empty();
  return (by_lid ? self.lid : self.pn).account();
}

/// What later messages will need: the secret for additions to this one, the disappearing setting of the chat.
Task<Result<void>> MessageReceiver::remember(const Opened& opened, const IncomingMessage& event,
                                             Changes& changes) {
  for (const message::ReadMessage& read : opened.messages) {
    MessageName name{event.chat.account(), event.sender, event.id};
    WA_CO_TRY_VOID(co_await remember_message(parts_, std::move(name), read.kept, changes));
  }
  if (event.chat.is_group()) co_return Result<void>{};  // of groups the server tells the setting
  ChatTimer timer{event.content.expiration, event.content.expiration_set_at};
  const auto* setting = std::get_if<message::EphemeralSetting>(&event.content.part);
  if (setting != nullptr) {
    timer = {setting->seconds, setting->set_at != 0 ? setting->set_at : event.timestamp};
  } else if (timer.seconds == 0) {
    co_return Result<void>{};
  }
  co_return co_await learn_chat_timer(parts_, event.chat.account(), timer, changes);
}

void MessageReceiver::mark_seen(const Intake& intake, Changes& changes) const {
  const SeenKeys keys(intake);
  changes.seen_messages.push_back(
      {keys.chat, keys.senders.front(), intake.source.id, parts_.connection.unix_seconds()});
}

}  // namespace whatsapp
