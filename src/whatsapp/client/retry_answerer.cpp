#include "whatsapp/client/retry_answerer.h"

#include <algorithm>
#include <utility>

#include "whatsapp/client/add_ons/content_writer.h"
#include "whatsapp/client/addresses.h"
#include "whatsapp/client/peer_messenger.h"
#include "whatsapp/message/content_builder.h"
#include "whatsapp/signal/session_builder.h"

namespace whatsapp {

using base::ErrorCode;
using base::Result;
using binary::Jid;
using binary::Node;
using runtime::Task;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kRenewalInterval = 1h;  // per device, unless it sends keys

void copy(const Node& from, std::string_view key, Node& to, std::string_view as) {
  if (const binary::AttributeValue* value = from.find(key)) to.set(as, *value);
}

std::string renewal_key(const signal::Address& address) { return "renewed|" + address.to_text(); }

}  // namespace

// ---- one at a time, a few at once ---------------------------------------------------------------------

Task<void> RetryAnswerer::take(Node receipt) {
  while (running_ >= kConcurrent) {
    runtime::OneShot<runtime::Done> slot(parts_.outside.loop);
    waiting_for_slot_ = &slot;
    const auto woken = co_await parts_.connection.await_event(slot);
    waiting_for_slot_ = nullptr;
    if (!woken) co_return;
  }
  if (parts_.connection.attached()) parts_.connection.scope().spawn(serve(std::move(receipt)));
}

Task<void> RetryAnswerer::serve(Node receipt) {
  ++running_;
  {
    StanzaAnswer reply(parts_.connection, receipt, parts_.outside.log);
    auto request = read_retry_request(receipt);
    if (!request) {
      reply.refuse(Refusal::kMalformed);
    } else {
      const auto done = co_await answer(receipt, *std::move(request));
      const bool network =
          !done && (done.error().code == ErrorCode::kTimeout || done.error().code == ErrorCode::kRejected ||
                    done.error().code == ErrorCode::kUnavailable);
      if (done || network) {
        reply.ack();  // the peer asks again if it still cannot read the message
      } else {
        reply.give_up(done.error());
      }
    }
  }
  --running_;
  if (waiting_for_slot_ != nullptr) waiting_for_slot_->set(runtime::Done{});
}

Task<Result<void>> RetryAnswerer::answer(const Node& receipt, RetryRequest request) {
  Job job{receipt, std::move(request), {}, {}, {}, {}, {}};
  WA_CO_TRY(const auto address, co_await parts_.lids.address_for(job.request.requester));
  if (!address || job.request.count > kMaxCount) co_return Result<void>{};
  job.address = *address;
  job.counter_key = "in|" + job.address.to_text() + "|" + job.request.id;
  if (!being_answered_.insert(job.counter_key).second) co_return Result<void>{};  // asked twice in one breath

  auto result = co_await find_message(job);
  if (result && *result) result = co_await may_have_it(job);
  Result<void> done;
  if (!result) {
    done = base::fail(result.error());
  } else if (*result) {
    done = co_await encrypt_and_send(job);
  }
  being_answered_.erase(job.counter_key);
  co_return done;
}

// ---- may it be answered? ------------------------------------------------------------------------------

Task<Result<bool>> RetryAnswerer::find_message(Job& job) {
  struct Found {
    std::optional<store::SentMessageRow> message;
    std::optional<store::RetryCounter> counter;
    std::optional<store::RetryCounter> renewal;
  };
  auto query = [&job](DeviceStore& device) -> Result<Found> {
    Found found;
    WA_TRY(found.message, device.sent_message(job.request.id));
    WA_TRY(found.counter, device.retry_counter(job.counter_key));
    WA_TRY(found.renewal, device.retry_counter(renewal_key(job.address)));
    return found;
  };
  WA_CO_TRY(Found found, co_await parts_.outside.store.read(query));
  if (!found.message) co_return false;
  if (found.counter && found.counter->count >= kMaxAnswers) co_return false;
  job.message = *std::move(found.message);
  job.counter = std::move(found.counter);
  if (found.renewal) job.renewed_at = found.renewal->updated_at;
  co_return true;
}

Task<Result<bool>> RetryAnswerer::same_person(Jid a, Jid b) {
  WA_CO_TRY(const Jid first, co_await parts_.lids.canonical(std::move(a)));
  WA_CO_TRY(const Jid second, co_await parts_.lids.canonical(std::move(b)));
  co_return first.same_account(second);
}

/// Only the devices of the recipient, and our own, have a right to a message.
Task<Result<bool>> RetryAnswerer::may_have_it(Job& job) {
  const auto chat = Jid::parse(job.message.chat);
  if (!chat) co_return false;
  job.chat = *chat;
  const Jid account = job.request.requester.account();
  if (GroupRetries::concerns(*chat)) {
    WA_CO_TRY(const bool entitled, co_await groups_.may_have_it(*chat, job.request.id, account));
    if (!entitled) co_return false;
  } else {
    const bool own = is_own_account(parts_.connection.self(), account);
    WA_CO_TRY(const bool recipient, co_await same_person(account, *chat));
    if (!own && !recipient) co_return false;
  }

  using Freshness = DeviceDirectory::Freshness;
  for (const Freshness freshness : {Freshness::kCached, Freshness::kRefetched}) {
    const std::vector<Jid> accounts{account};
    WA_CO_TRY(const auto devices, co_await parts_.directory.devices_of(accounts, freshness));
    const bool listed = std::ranges::any_of(
        devices, [&](const Jid& device) { return device.device() == job.request.requester.device(); });
    if (listed) co_return true;
  }
  co_return false;
}

// ---- answering ----------------------------------------------------------------------------------------

Task<Result<void>> RetryAnswerer::encrypt_and_send(Job& job) {
  const bool own = is_own_account(parts_.connection.self(), job.request.requester);
  const bool peer_message = job.message.type == kPeerMessageType;
  if (peer_message && !own) co_return Result<void>{};
  const base::Bytes plaintext = own && !peer_message
                                    ? message::wrap_device_sent(job.message.payload, job.message.chat)
                                    : job.message.payload;
  std::vector<FanOutTarget> targets{{job.request.requester, job.address, plaintext}};

  Bundles bundles;
  store::RetryCounter counter = job.counter.value_or(store::RetryCounter{job.counter_key, 0, {}, 0});
  {
    WA_CO_TRY(auto work, co_await parts_.sessions.begin());
    const std::vector<signal::Address> addresses{job.address};
    WA_CO_TRY_VOID(co_await parts_.sessions.load(addresses, work.changes));
    const bool usable = renew_session(job, work);
    WA_CO_TRY_VOID(co_await work.commit());
    if (!usable && !renewal_allowed(job)) co_return Result<void>{};
    if (!usable) {
      WA_CO_TRY(bundles, co_await fan_out_.fetch(targets, BundleReason::kRenewal));
    }
  }

  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  base::Bytes with_key;
  if (GroupRetries::concerns(job.chat)) {
    WA_CO_TRY(with_key,
              co_await groups_.plaintext_for(job.chat, job.address, job.message.payload, work.changes));
    targets.front().plaintext = with_key;
  }
  WA_CO_TRY(const auto entries, co_await fan_out_.encrypt(targets, bundles, work));
  if (entries.empty()) co_return co_await work.commit();
  if (const auto key = parts_.sessions.peer(job.address).session.base_key(); key && job.request.count == 2)
    counter.base_key = base::to_bytes(base::ByteView{*key});
  ++counter.count;
  counter.updated_at = parts_.connection.unix_seconds();
  work.changes.retry_counters.push_back(std::move(counter));
  if (!bundles.empty())
    work.changes.retry_counters.push_back(
        {renewal_key(job.address), 1, {}, parts_.connection.unix_seconds()});
  WA_CO_TRY_VOID(co_await work.commit());
  Node stanza = stanza_of(job, entries.front());
  if (!own && job.receipt.find("participant") == nullptr) {
    WA_CO_TRY(auto tokens, co_await parts_.tokens.nodes_for(job.request.requester.account()));
    for (Node& token : tokens) stanza.add_child(std::move(token));
  }
  co_return parts_.connection.send(stanza);
}

/// True if there is a session to encrypt with now; false if a bundle must be fetched.
bool RetryAnswerer::renew_session(const Job& job, SessionWork& work) {
  PeerState& peer = parts_.sessions.peer(job.address);
  if (job.request.keys && begin_from_keys(job, peer, work)) return true;

  const std::uint32_t known = peer.session.remote_registration_id();
  const bool registered_anew =
      job.request.registration_id && known != 0 && *job.request.registration_id != known;
  const auto base_key = peer.session.base_key();
  // The same session at the third request as at the second: it was never renewed, and never will work.
  const bool hopeless = job.request.count > 2 && job.counter && base_key &&
                        std::ranges::equal(job.counter->base_key, *base_key);
  if (registered_anew || hopeless) parts_.sessions.forget_session(job.address, work.changes);
  return peer.can_encrypt();
}

bool RetryAnswerer::begin_from_keys(const Job& job, PeerState& peer, SessionWork& work) {
  const signal::PreKeyBundle& keys = *job.request.keys;
  const std::uint32_t known = peer.session.remote_registration_id();
  const bool other_registration = known != 0 && known != keys.registration_id;
  // A device of ours that changed its registration is another device; and keys in a receipt that waited in
  // the offline queue may be stale.
  const bool own = is_own_account(parts_.connection.self(), job.request.requester);
  const bool stale = job.receipt.has_attr("offline") && !peer.session.empty() && other_registration;
  if ((own && other_registration) || stale) return false;

  const auto& credentials = parts_.connection.credentials();
  const signal::LocalIdentity local{credentials.identity, credentials.registration_id};
  if (!signal::start_session(peer.session, keys, local, parts_.outside.random)) return false;
  if (!peer.identity || peer.identity->key != keys.identity)
    parts_.sessions.store_identity(job.address, keys.identity, parts_.connection.unix_seconds(),
                                   work.changes);
  parts_.sessions.store_session(job.address, work.changes);
  return true;
}

bool RetryAnswerer::renewal_allowed(const Job& job) {
  const auto now = parts_.outside.loop.clock().now();
  const auto* last = sessions_renewed_.find(job.address);
  if (last != nullptr && now - *last < kRenewalInterval) return false;
  // From before a restart.
  const std::int64_t age = parts_.connection.unix_seconds() - job.renewed_at;
  if (last == nullptr && job.renewed_at != 0 && age >= 0 && age < kRenewalInterval.count()) return false;
  sessions_renewed_.put(job.address, now);
  return true;
}

Node RetryAnswerer::stanza_of(const Job& job, const FanOutEntry& entry) const {
  Node message("message");
  message.set("id", job.request.id);
  copy(job.receipt, "from", message, "to");
  copy(job.receipt, "participant", message, "participant");
  message.set("t", std::to_string(job.message.sent_at));
  const bool shared = GroupRetries::concerns(job.chat);
  if (shared) {
    message.set("addressing_mode", job.request.requester.is_lid() ? "lid" : "pn");
  } else if (job.message.type == kPeerMessageType) {
    message.set("category", "peer");
    message.add_child(Node("meta").with("appdata", "default"));
  } else {
    copy(job.receipt, "recipient", message, "recipient");
    message.set("device_fanout", "false");
  }

  Node enc = enc_node(entry.message);
  enc.set("count", std::to_string(job.request.count));
  // All that the first stanza said about the content: without it the repair is shown as a new message.
  message::StanzaTraits traits = message::traits_of(job.message.payload);
  if (job.chat.is_status() && traits.edit.empty() && traits.type != "reaction")
    traits.meta.emplace_back("status_setting", "contacts");
  add_enc_traits(traits, enc);
  message.add_child(std::move(enc));
  add_traits(traits, message);
  const auto& paired = parts_.connection.credentials().paired;
  if (entry.message.kind == signal::MessageKind::kPreKeyMessage && paired)
    message.add_child(Node("device-identity").bytes(base::ByteView{paired->account_identity}));
  return message;
}

}  // namespace whatsapp
