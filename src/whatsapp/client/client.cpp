#include "whatsapp/client/client.h"

#include <utility>

#include "whatsapp/binary/iq.h"
#include "whatsapp/client/message_desk.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pre_key_keeper.h"
#include "whatsapp/client/session.h"

namespace whatsapp {

/// The parts that live as long as the account; what belongs to one connection is in the session.
class Client::Impl {
 public:
  Impl(ClientDependencies dependencies, ClientSettings settings)
      : dependencies_(std::move(dependencies)),
        settings_(std::move(settings)),
        ids_(dependencies_.random),
        device_(dependencies_.store, dependencies_.random, dependencies_.loop.clock()),
        pre_keys_(dependencies_.loop, dependencies_.store, device_, dependencies_.random, dependencies_.log),
        desk_(desk_dependencies(), desk_settings()),
        code_budget_(dependencies_.loop.clock()) {}

  runtime::Task<Ended> run();
  void disconnect();

  MessageDesk& desk() { return desk_; }
  base::Result<PairingFlow*> pairing() {
    if (!session_) return base::fail(base::ErrorCode::kConflict, "the device is not being linked");
    return session_->pairing();
  }
  base::Result<void> log_out() {
    if (!session_) return base::fail(base::ErrorCode::kClosed, "the account is not connected");
    return session_->log_out();
  }
  void use_version(WebVersion version) { settings_.version = version; }
  [[nodiscard]] bool is_open() const { return session_ && session_->is_open(); }

 private:
  MessageDeskDependencies desk_dependencies() {
    return {.loop = dependencies_.loop,
            .store = dependencies_.store,
            .random = dependencies_.random,
            .observer = dependencies_.observer,
            .sink = dependencies_.sink,
            .pre_keys = pre_keys_,
            .log = dependencies_.log};
  }
  [[nodiscard]] MessageDeskSettings desk_settings() const {
    MessageDeskSettings settings;
    settings.iq_timeout = settings_.iq_timeout;
    settings.send_ack_timeout = settings_.send_ack_timeout;
    settings.manners = settings_.manners;
    return settings;
  }

  ClientDependencies dependencies_;
  ClientSettings settings_;
  binary::RequestIds ids_;
  OwnDevice device_;
  PreKeyKeeper pre_keys_;
  MessageDesk desk_;
  CodeBudget code_budget_;
  std::unique_ptr<Session> session_;
  enum class Wish { kRun, kStop } wish_ = Wish::kRun;  // what disconnect() asked before there was a session
};

runtime::Task<Ended> Client::Impl::run() {
  wish_ = Wish::kRun;
  const auto loaded = co_await device_.load();
  Ended ended;
  if (!loaded) {
    ended.reason = "store_failed";
    ended.message = loaded.error().message;
    co_return ended;
  }
  const SessionDependencies parts{dependencies_, settings_, ids_, device_, pre_keys_, desk_, code_budget_};
  session_ = std::make_unique<Session>(parts);
  if (wish_ == Wish::kStop) session_->stop();
  ended = co_await session_->run();
  session_.reset();
  co_return ended;
}

void Client::Impl::disconnect() {
  wish_ = Wish::kStop;
  if (session_) session_->stop();
}

Client::Client(ClientDependencies dependencies, ClientSettings settings)
    : impl_(std::make_unique<Impl>(std::move(dependencies), std::move(settings))) {}
Client::~Client() = default;

void Client::use_version(WebVersion version) { impl_->use_version(version); }
runtime::Task<Ended> Client::run() { return impl_->run(); }
void Client::disconnect() { impl_->disconnect(); }
bool Client::is_open() const { return impl_->is_open(); }
Channels& Client::channels() { return impl_->desk().channels(); }
Groups& Client::groups() { return impl_->desk().groups(); }
MediaDesk& Client::media() { return impl_->desk().media(); }
base::Result<void> Client::answer_passkey(const std::string& assertion_json) {
  WA_TRY(PairingFlow * pairing, impl_->pairing());
  return pairing->answer_passkey(assertion_json);
}
base::Result<void> Client::confirm_passkey() {
  WA_TRY(PairingFlow * pairing, impl_->pairing());
  return pairing->confirm_passkey();
}
base::Result<void> Client::log_out() { return impl_->log_out(); }
Chats& Client::chats() { return impl_->desk().chats(); }
History& Client::history() { return impl_->desk().history(); }
Presence& Client::presence() { return impl_->desk().presence(); }
Calls& Client::calls() { return impl_->desk().calls(); }
void Client::use_blobs(BlobSource* blobs) { impl_->desk().use_blobs(blobs); }
Profile& Client::profile() { return impl_->desk().profile(); }
void Client::resume_intake() { impl_->desk().resume_intake(); }

runtime::Task<base::Result<SendOutcome>> Client::send(OutgoingMessage message, SendJournal& journal) {
  return impl_->desk().send(std::move(message), journal);
}
runtime::Task<base::Result<SendOutcome>> Client::resend(std::string id, base::Bytes stanza) {
  return impl_->desk().resend(std::move(id), std::move(stanza));
}
runtime::Task<base::Result<std::optional<binary::Jid>>> Client::pn_of(binary::Jid lid) {
  return impl_->desk().pn_of(std::move(lid));
}

}  // namespace whatsapp
