#include "whatsapp/client/message_desk.h"

#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/client/delivery/identity_news.h"
#include "whatsapp/client/delivery/own_devices_refresh.h"
#include "whatsapp/client/delivery/placeholder_desk.h"
#include "whatsapp/client/delivery/receipt_desk.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/dirty_marks.h"
#include "whatsapp/client/groups/channel_posts.h"
#include "whatsapp/client/groups/group_desk.h"
#include "whatsapp/client/media/media_desk.h"
#include "whatsapp/client/message_receiver.h"
#include "whatsapp/client/message_sender.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/client/peer_messenger.h"
#include "whatsapp/client/presence/calls.h"
#include "whatsapp/client/presence/presence.h"
#include "whatsapp/client/profile/account_notifications.h"
#include "whatsapp/client/profile/profile.h"
#include "whatsapp/client/retry_answerer.h"
#include "whatsapp/client/retry_requester.h"
#include "whatsapp/client/stanza_answer.h"
#include "whatsapp/client/sync/app_state_patches.h"
#include "whatsapp/client/sync/app_state_sync.h"
#include "whatsapp/client/sync/chats.h"
#include "whatsapp/client/sync/history.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;

class MessageDesk::Impl {
 public:
  Impl(MessageDeskDependencies dependencies, MessageDeskSettings settings)
      : parts_(std::move(dependencies), settings),
        groups_(parts_),
        retry_requests_(parts_),
        retry_answers_(parts_, groups_.retries),
        placeholders_(parts_),
        receiver_(parts_, retry_requests_, placeholders_),
        channel_news_(parts_, receiver_),
        sender_(parts_),
        notifications_(parts_),
        media_(parts_.outside.loop, parts_.connection, parts_.outside.random, parts_.outside.log),
        dirty_marks_(parts_),
        receipts_(parts_),
        identity_news_(parts_),
        own_devices_(parts_),
        peers_(parts_),
        book_(parts_.outside.store),
        privacy_(parts_),
        blocklist_(parts_),
        effects_(parts_, book_),
        app_state_(parts_, peers_, effects_),
        patches_(parts_, app_state_),
        chats_(parts_, patches_, book_, privacy_),
        history_(parts_, peers_, book_),
        presence_(parts_),
        calls_(parts_),
        profile_(parts_, patches_, privacy_, blocklist_),
        account_notifications_(parts_, book_, privacy_, blocklist_) {
    notifications_.listen("privacy_token", parts_.tokens);
    notifications_.listen("mex", parts_.new_contacts);
    groups_.listen(notifications_, dirty_marks_);
    notifications_.listen("mediaretry", media_.retries);
    notifications_.listen("newsletter", channel_news_);
    notifications_.listen("encrypt", identity_news_);
    dirty_marks_.listen("account_sync", own_devices_);
    placeholders_.deliver_to(receiver_);
    receiver_.listen(placeholders_);
    receiver_.listen(app_state_.keys());
    receiver_.listen(app_state_);
    receiver_.listen(history_);
    notifications_.listen("server_sync", app_state_);
    notifications_.listen("mediaretry", history_);
    dirty_marks_.listen("syncd_app_state", app_state_);
    account_notifications_.listen(notifications_, dirty_marks_);
    const auto renamed = [this] { presence_.renamed(); };
    effects_.renamed = renamed;
    account_notifications_.renamed = renamed;
  }
  ~Impl() { parts_.outside.loop.cancel_timer(idle_timer_); }

  void attach(LiveConnection connection) {
    forget_memory();
    media_.hosts.forget();
    parts_.lids.set_own(connection.self);
    parts_.connection.attach(std::move(connection));
    retry_requests_.offline_delivery_begins();
    placeholders_.offline_delivery_begins();
    app_state_.attached();
    history_.attached();
    presence_.attached();
    privacy_.attached();
    parts_.connection.scope().spawn(learn_own_pair());
  }

  void opened() { presence_.opened(); }

  void offline_finished() {
    retry_requests_.offline_delivery_ended();
    placeholders_.offline_delivery_ended();
    privacy_.offline_finished();
    app_state_.offline_finished();
    history_.offline_finished();
  }

  Task<void> handle(Node stanza) {
    if (!parts_.connection.attached()) co_return;
    const CurrentConnection::Use use(parts_.connection);
    was_used();
    if (stanza.tag() == "message") {
      co_await receiver_.take(stanza);
    } else if (stanza.tag() == "receipt" && stanza.attr_is("type", "retry")) {
      parts_.outside.observer.on_retry_receipt(ClientObserver::RetryReceipt::kReceived);
      co_await retry_answers_.take(std::move(stanza));
    } else if (stanza.tag() == "receipt") {
      co_await receipts_.take(stanza);
    } else if (stanza.tag() == "notification") {
      co_await notifications_.take(stanza);
    } else if (stanza.tag() == "call") {
      co_await calls_.take(stanza);
    } else if (stanza.tag() == "presence" || stanza.tag() == "chatstate") {
      presence_.take(stanza);
    } else {
      answer_only(stanza);
    }
  }

  Task<Result<SendOutcome>> send(OutgoingMessage message, SendJournal& journal) {
    if (message.to.is_group() || message.to.is_status())
      return groups_.sender.send(std::move(message), journal);
    if (message.to.is_newsletter()) return groups_.posts.send(std::move(message), journal);
    return sender_.send(std::move(message), journal);
  }
  Task<Result<SendOutcome>> resend(std::string id, base::Bytes stanza) {
    if (GroupSender::wrote(stanza)) return groups_.sender.resend(std::move(id), std::move(stanza));
    if (ChannelSender::wrote(stanza)) return groups_.posts.resend(std::move(stanza));
    return sender_.resend(std::move(id), std::move(stanza));
  }

  Task<Result<std::optional<Jid>>> pn_of(Jid lid) {
    if (!lid.is_lid() || lid.user().empty())
      co_return fail(ErrorCode::kInvalidArgument, "only a LID can be looked up");
    WA_CO_TRY(const auto user, co_await parts_.lids.pn_of(std::string(lid.user())));
    if (!user) co_return std::nullopt;
    co_return std::optional<Jid>{pn_jid(*user)};
  }

  void was_used() {
    last_use_ = parts_.outside.loop.clock().now();
    if (idle_timer_ == 0) watch_idleness(parts_.settings.idle_before_drop);
  }

  [[nodiscard]] std::size_t cached_rows() const {
    return parts_.sessions.size() + parts_.directory.size() + parts_.lids.size();
  }

  DeskParts parts_;
  GroupDesk groups_;
  RetryRequester retry_requests_;
  RetryAnswerer retry_answers_;
  PlaceholderDesk placeholders_;
  MessageReceiver receiver_;
  ChannelNews channel_news_;
  MessageSender sender_;
  Notifications notifications_;
  MediaDesk media_;
  DirtyMarks dirty_marks_;
  ReceiptDesk receipts_;
  IdentityNews identity_news_;
  OwnDevicesRefresh own_devices_;
  PeerMessenger peers_;
  AccountBook book_;
  PrivacySettings privacy_;
  Blocklist blocklist_;
  AppStateEffects effects_;
  AppStateSync app_state_;
  AppStatePatches patches_;
  Chats chats_;
  History history_;
  Presence presence_;
  Calls calls_;
  Profile profile_;
  AccountNotifications account_notifications_;

 private:
  /// Stanzas whose whole meaning is their ack.
  void answer_only(const Node& stanza) {
    StanzaAnswer answer(parts_.connection, stanza, parts_.outside.log);
    const bool known = stanza.tag() == "status";
    if (known) {
      answer.ack();
    } else {
      answer.refuse(Refusal::kUnknownStanza);
    }
  }

  Task<void> learn_own_pair() {
    const Self self = parts_.connection.self();
    if (self.lid.user().empty()) co_return;
    auto work = co_await parts_.sessions.begin();
    if (!work) co_return;
    std::vector<store::LidMapping> own{{std::string{self.pn.user()}, std::string{self.lid.user()}}};
    auto learned = co_await parts_.lids.learn(std::move(own), work->changes);
    if (learned) learned = co_await work->commit();
    if (!learned && learned.error().code != ErrorCode::kCancelled) parts_.connection.give_up(learned.error());
  }

  void watch_idleness(base::Duration delay) {
    idle_timer_ = parts_.outside.loop.call_after(delay, [this] {
      idle_timer_ = 0;
      const auto idle = parts_.outside.loop.clock().now() - last_use_;
      const auto left = parts_.settings.idle_before_drop - std::chrono::duration_cast<base::Duration>(idle);
      if (left > base::Duration::zero()) return watch_idleness(left);
      parts_.sessions.drop_if_unused();
      groups_.directory.clear();
      parts_.directory.clear();
      parts_.lids.clear();
      parts_.contacts.clear();
      parts_.new_contacts.clear();
    });
  }

  void forget_memory() {
    parts_.sessions.invalidate();
    groups_.directory.clear();
    parts_.directory.clear();
    parts_.lids.clear();
    parts_.contacts.clear();
    parts_.new_contacts.clear();
  }

  base::Clock::time_point last_use_{};
  runtime::EventLoop::TimerId idle_timer_ = 0;
};

MessageDesk::MessageDesk(MessageDeskDependencies dependencies, MessageDeskSettings settings)
    : impl_(std::make_unique<Impl>(std::move(dependencies), settings)) {}
MessageDesk::~MessageDesk() = default;

void MessageDesk::attach(LiveConnection connection) { impl_->attach(std::move(connection)); }
void MessageDesk::opened() {
  if (impl_->parts_.connection.attached()) impl_->opened();
}
void MessageDesk::offline_finished() {
  if (!impl_->parts_.connection.attached()) return;
  impl_->offline_finished();
}
void MessageDesk::take_dirty(const Node& dirty) { impl_->dirty_marks_.take(dirty); }
Task<void> MessageDesk::detach() { return impl_->parts_.connection.detach(); }
Task<void> MessageDesk::settle() { return impl_->parts_.connection.all_answered(); }
Task<void> MessageDesk::handle(Node stanza) { return impl_->handle(std::move(stanza)); }

Task<Result<SendOutcome>> MessageDesk::send(OutgoingMessage message, SendJournal& journal) {
  impl_->was_used();
  return impl_->send(std::move(message), journal);
}
Task<Result<SendOutcome>> MessageDesk::resend(std::string id, base::Bytes stanza) {
  return impl_->resend(std::move(id), std::move(stanza));
}
Task<Result<std::optional<Jid>>> MessageDesk::pn_of(Jid lid) { return impl_->pn_of(std::move(lid)); }
Channels& MessageDesk::channels() { return impl_->groups_.channels; }
Groups& MessageDesk::groups() { return impl_->groups_.operations; }
MediaDesk& MessageDesk::media() { return impl_->media_; }
void MessageDesk::resume_intake() { impl_->receiver_.resume(); }
Chats& MessageDesk::chats() { return impl_->chats_; }
History& MessageDesk::history() { return impl_->history_; }
Presence& MessageDesk::presence() { return impl_->presence_; }
Calls& MessageDesk::calls() { return impl_->calls_; }
void MessageDesk::use_blobs(BlobSource* blobs) { impl_->parts_.outside.blobs = blobs; }
Profile& MessageDesk::profile() { return impl_->profile_; }
std::size_t MessageDesk::cached_rows() const { return impl_->cached_rows(); }

}  // namespace whatsapp
