#include "whatsapp/client/session.h"

#include <utility>

#include "whatsapp/client/client_payload.h"
#include "whatsapp/client/login_sequence.h"
#include "whatsapp/client/pairing/unlink.h"
#include "whatsapp/client/stream_end.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Node;

constexpr base::Duration kFirstStanza{30'000};
constexpr base::Duration kFlush{2'000};

Ended ended_as(Reaction reaction, std::string_view reason, std::string message) {
  Ended ended;
  ended.reaction = reaction;
  ended.reason = reason;
  ended.message = std::move(message);
  return ended;
}

Ended stopped() { return ended_as(Reaction::kStop, "stopped", "the connection was closed on request"); }

}  // namespace

Session::Session(SessionDependencies dependencies)
    : dependencies_(dependencies),
      client_(dependencies.client),
      settings_(dependencies.settings),
      over_(client_.loop),
      settled_(client_.loop),
      life_(client_.loop, client_.random, KeepAliveSettings{}),
      dispatcher_(client_.loop, DispatcherLimits{}),
      connection_(client_.loop, client_.connector, client_.random, dependencies.ids, life_, client_.log,
                  *this),
      scope_(client_.loop) {}

Session::~Session() { client_.loop.cancel_timer(first_stanza_timer_); }

// ---- from dial to end ----------------------------------------------------------------------------------

runtime::Task<Ended> Session::run() {
  if (!ended_) scope_.spawn(dial());
  const auto over = co_await over_.wait();
  if (!over) end(stopped());
  client_.loop.cancel_timer(std::exchange(first_stanza_timer_, 0));
  connection_.close();
  dependencies_.pre_keys.detach();
  co_await dependencies_.desk.detach();
  co_await scope_.close();
  co_await connection_.linger(flush_deadline_.value_or(client_.loop.clock().now() + kFlush));
  co_return *std::move(ended_);
}

void Session::end(Ended ended) {
  if (ended_) return;
  if (pairing_) ended = pairing_->conclude(std::move(ended));
  // The server may end the connection instead of answering.
  if (logging_out_ && ended.reaction == Reaction::kWipe) ended.reason = kLoggedOutByRequest;
  if (progress_ == Progress::kOpen) ended.reached = Ended::Reached::kOpen;
  ended_ = std::move(ended);
  over_.set(runtime::Done{});
}

base::Result<DialRequest> Session::dial_request() const {
  const auto& keys = dependencies_.device.credentials();
  DialRequest request;
  request.url = settings_.socket_url;
  request.ca_file = settings_.ca_file;
  request.egress = settings_.egress;
  request.connect_timeout = settings_.connect_timeout;
  request.handshake_timeout = settings_.handshake_timeout;
  request.noise_root = settings_.noise_root;
  request.noise_key = keys.noise;
  if (dependencies_.device.linked()) {
    WA_TRY(request.payload, login_payload(keys, settings_.version));
  } else {
    request.payload = registration_payload(keys, settings_.version, settings_.device_name);
  }
  return request;
}

runtime::Task<void> Session::dial() {
  auto request = dial_request();
  if (!request) co_return end(ended_as(Reaction::kStop, "store_failed", request.error().message));
  auto failed = co_await connection_.open(*std::move(request));
  if (failed && !failed->reason.empty()) end(*std::move(failed));
  if (failed || ended_) co_return;
  if (dependencies_.device.linked()) {
    // A server that was quicker has already taken us further.
    if (progress_ == Progress::kDialing) progress_ = Progress::kLoggingIn;
  } else {
    begin_linking();
  }
  auto lighter = [this] { connection_.resume_reading(); };
  scope_.spawn(dispatcher_.serve(*this, lighter));
  scope_.spawn(watch());
}

void Session::begin_linking() {
  progress_ = Progress::kLinking;
  PairingDependencies parts{.loop = client_.loop,
                            .channel = connection_,
                            .device = dependencies_.device,
                            .store = client_.store,
                            .random = client_.random,
                            .observer = client_.observer,
                            .log = client_.log,
                            .scope = scope_,
                            .code_budget = dependencies_.code_budget,
                            .end = [this](Ended ended) { end(std::move(ended)); }};
  PairingSettings pairing;
  pairing.phone = settings_.pairing_phone;
  pairing.device_name = settings_.device_name;
  pairing.passkey = settings_.passkey;
  pairing_ = std::make_unique<PairingFlow>(std::move(parts), std::move(pairing));
}

base::Result<PairingFlow*> Session::pairing() {
  if (!pairing_ || ended_) return base::fail(ErrorCode::kConflict, "the device is not being linked");
  return pairing_.get();
}

base::Result<void> Session::log_out() {
  if (!is_open()) return base::fail(ErrorCode::kClosed, "the account is not connected");
  if (!std::exchange(logging_out_, true)) scope_.spawn(unlink());
  return {};
}

runtime::Task<void> Session::unlink() {
  const auto unlinked =
      co_await unlink_device(client_.loop, connection_, dependencies_.device.self(), settings_.iq_timeout);
  if (unlinked)
    co_return end(ended_as(Reaction::kWipe, kLoggedOutByRequest, "the device was unlinked as asked"));
  logging_out_ = false;
  client_.log.warn("the server did not unlink this device", {{"error", unlinked.error().message}});
}

runtime::Task<void> Session::watch() {
  auto silence = [this] {
    first_stanza_timer_ = 0;
    end(ended_as(Reaction::kRetry, "no_first_stanza", "the server said nothing after the handshake"));
  };
  if (progress_ == Progress::kLoggingIn) first_stanza_timer_ = client_.loop.call_after(kFirstStanza, silence);
  const auto error = co_await life_.watch(connection_);
  if (error.code != ErrorCode::kTimeout) co_return;
  // A live account that falls silent deserves a quick second try; one that never got anywhere does not.
  const auto reaction = progress_ == Progress::kOpen ? Reaction::kRetryNow : Reaction::kRetry;
  end(ended_as(reaction, "keepalive_timeout", error.message));
}

// ---- what the server says --------------------------------------------------------------------------------

void Session::on_stanza(Node stanza) {
  client_.loop.cancel_timer(std::exchange(first_stanza_timer_, 0));
  if (ended_) return;
  const std::string& tag = stanza.tag();
  if (tag == "success") return take_success(stanza);
  if (tag == "failure") {
    const auto link = dependencies_.device.linked() ? LinkState::kLinked : LinkState::kUnlinked;
    return end(ended_by_failure(stanza, link, client_.loop.clock().wall_now()));
  }
  if (tag == "stream:error") return end(ended_by_stream_error(stanza));
  if (tag == "xmlstreamend") return end(ended_by_stream_end());
  if (tag == "error") {
    client_.log.warn("the server objects to a stanza of ours", {{"code", stanza.attr("code").value_or("?")}});
    return;
  }
  switch (dispatcher_.push(std::move(stanza))) {
    case StanzaDispatcher::Load::kLight:
      return;
    case StanzaDispatcher::Load::kHeavy:
      return connection_.pause_reading();
    case StanzaDispatcher::Load::kTooMuch:
      return end(ended_as(Reaction::kRetry, "overloaded", "more stanzas came than could be handled"));
  }
}

/// The next stanza in order; everything urgent was done in on_stanza().
runtime::Task<void> Session::handle(Node stanza) {
  if (ended_) co_return;
  if (stanza.tag() == "ib") co_return take_bulletin(stanza);
  if (pairing_) co_return co_await pairing_->handle(std::move(stanza));
  if (stanza.tag() == "iq" || !offline_) co_return;  // a request we do not know, or before the login
  offline_->on_stanza(stanza);
  co_await dependencies_.desk.handle(std::move(stanza));
}

void Session::take_success(const Node& success) {
  // It can come on a registration connection, and twice on any.
  const bool expected = progress_ == Progress::kLoggingIn || progress_ == Progress::kDialing;
  if (!expected || !dependencies_.device.linked()) return;
  progress_ = Progress::kLoggedIn;
  if (const auto time = success.number("t")) connection_.learn_server_time(*time);
  auto changes = whatsapp::take_success(success, dependencies_.device);

  auto finished = [this] {
    if (ended_) return;
    dependencies_.desk.offline_finished();
    client_.observer.on_synced();
  };
  offline_ = std::make_unique<OfflineDelivery>(client_.loop, finished);
  auto give_up = [this](base::Error reason) {
    end(ended_as(Reaction::kRetry, "store_failed", std::move(reason.message)));
  };
  auto rename = [this](const std::string& push_name, store::Changes& renamed) {
    dependencies_.device.change(
        renamed, [&](store::DeviceCredentials& record) { record.paired->push_name = push_name; });
  };
  LiveConnection live{.channel = connection_,
                      .credentials = dependencies_.device.credentials(),
                      .self = dependencies_.device.self(),
                      .close = give_up,
                      .rename = rename};
  dependencies_.desk.attach(std::move(live));
  dependencies_.pre_keys.attach(connection_, scope_);
  scope_.spawn(log_in(std::move(changes)));
}

runtime::Task<void> Session::log_in(store::Changes changes) {
  LoginDependencies parts{.loop = client_.loop,
                          .channel = connection_,
                          .device = dependencies_.device,
                          .store = client_.store,
                          .pre_keys = dependencies_.pre_keys,
                          .random = client_.random,
                          .log = client_.log};
  auto failed = co_await become_active(parts, std::move(changes), settings_.iq_timeout);
  if (failed && !failed->reason.empty()) end(*std::move(failed));
  if (failed || ended_) co_return;
  progress_ = Progress::kOpen;
  offline_->begin();
  client_.observer.on_open(dependencies_.device.self());
  dependencies_.desk.opened();
  co_await settle_in(parts, settings_.iq_timeout);
}

void Session::take_bulletin(const Node& bulletin) {
  for (const Node& item : bulletin.children()) take_bulletin_item(item);
}

void Session::take_bulletin_item(const Node& item) {
  const std::string& tag = item.tag();
  if (tag == "downgrade_webclient")
    return client_.log.warn("the code was scanned by a phone that does not support linked devices");
  if (tag == "client_expiration")
    return client_.log.warn("this client version expires", {{"at", item.attr("t").value_or("?")}});
  if (!offline_) return;
  if (tag == "offline_preview") return offline_->on_preview(connection_);
  if (tag == "offline") return offline_->on_end();
  if (tag == "dirty") dependencies_.desk.take_dirty(item);
}

// ---- stopping on request ---------------------------------------------------------------------------------

void Session::stop() {
  if (ended_ || flush_deadline_) return;
  flush_deadline_ = client_.loop.clock().now() + kFlush;
  if (!offline_) return end(stopped());
  scope_.spawn(settle());
  scope_.spawn(settle_and_end());
}

runtime::Task<void> Session::settle() {
  co_await dependencies_.desk.settle();
  settled_.set(runtime::Done{});
}

runtime::Task<void> Session::settle_and_end() {
  (void)co_await settled_.wait_until(*flush_deadline_);
  end(stopped());
}

}  // namespace whatsapp
