#include "whatsapp/client/fan_out.h"

#include <algorithm>
#include <string>
#include <utility>

#include "whatsapp/client/addresses.h"
#include "whatsapp/message/padding.h"
#include "whatsapp/signal/session_builder.h"

namespace whatsapp {

using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Jid;
using runtime::Task;
using store::Changes;

namespace {

std::vector<signal::Address> addresses_of(const std::vector<FanOutTarget>& targets) {
  std::vector<signal::Address> out;
  for (const FanOutTarget& target : targets) out.push_back(target.address);
  return out;
}

/// A server may answer for a hosted device under its base server.
bool same_device(const Jid& a, const Jid& b) { return a.device() == b.device() && a.same_account(b); }

}  // namespace

binary::Node enc_node(const signal::CiphertextMessage& message) {
  return binary::Node("enc")
      .with("v", "2")
      .with("type", signal::to_string(message.kind))
      .bytes(base::ByteView{message.bytes});
}

bool begins_a_session(const std::vector<FanOutEntry>& entries) {
  return std::ranges::any_of(entries, [](const FanOutEntry& entry) {
    return entry.message.kind == signal::MessageKind::kPreKeyMessage;
  });
}

Task<Result<Bundles>> FanOut::missing_bundles(const std::vector<FanOutTarget>& targets) {
  std::vector<FanOutTarget> missing;
  {
    WA_CO_TRY(auto work, co_await parts_.sessions.begin());
    WA_CO_TRY_VOID(co_await parts_.sessions.load(addresses_of(targets), work.changes));
    for (const FanOutTarget& target : targets)
      if (!parts_.sessions.peer(target.address).can_encrypt()) missing.push_back(target);
    WA_CO_TRY_VOID(co_await work.commit());
  }
  if (missing.empty()) co_return Bundles{};
  co_return co_await fetch(std::move(missing), BundleReason::kNewSession);
}

Task<Result<Bundles>> FanOut::fetch(std::vector<FanOutTarget> targets, BundleReason reason) {
  Bundles bundles;
  for (std::size_t begin = 0; begin < targets.size(); begin += kBundlesPerQuery) {
    const std::size_t end = std::min(targets.size(), begin + kBundlesPerQuery);
    const std::vector<FanOutTarget> slice(targets.begin() + static_cast<std::ptrdiff_t>(begin),
                                          targets.begin() + static_cast<std::ptrdiff_t>(end));
    auto fetched = co_await fetch_slice(slice, reason, bundles);
    if (!fetched && fetched.error().code == ErrorCode::kRejected && slice.size() > 1) {
      // One unknown device makes the server refuse the whole list: find out which one.
      for (const FanOutTarget& target : slice) {
        const std::vector<FanOutTarget> alone{target};
        fetched = co_await fetch_slice(alone, reason, bundles);
      }
    }
    if (fetched) continue;
    if (fetched.error().code == ErrorCode::kClosed || fetched.error().code == ErrorCode::kCancelled)
      co_return fail(std::move(fetched).error());
    parts_.outside.log.warn("key bundles could not be fetched", {{"error", fetched.error().message}});
  }
  co_return bundles;
}

Task<Result<void>> FanOut::fetch_slice(const std::vector<FanOutTarget>& slice, BundleReason reason,
                                       Bundles& bundles) {
  std::vector<Jid> devices;
  for (const FanOutTarget& target : slice) devices.push_back(target.device);
  const auto answer = co_await parts_.connection.query(key_bundle_query(devices, reason));
  if (!answer && answer.error().code != ErrorCode::kRejected) co_return fail(answer.error());
  std::vector<DeviceBundle> found;
  if (answer) found = read_key_bundles(*answer);

  Changes changes;
  for (const FanOutTarget& target : slice) {
    const auto entry = std::ranges::find_if(
        found, [&](const DeviceBundle& candidate) { return same_device(candidate.device, target.device); });
    if (entry != found.end() && entry->bundle) {
      bundles.insert_or_assign(target.address, *entry->bundle);
    } else if (slice.size() == 1 || answer) {
      WA_CO_TRY_VOID(co_await parts_.directory.drop(target.device.account(), changes));
    }
  }
  if (!changes.empty()) WA_CO_TRY_VOID(co_await parts_.outside.store.commit(std::move(changes)));
  if (!answer) co_return fail(answer.error());
  co_return Result<void>{};
}

Task<Result<std::vector<FanOutEntry>>> FanOut::encrypt(const std::vector<FanOutTarget>& targets,
                                                       const Bundles& bundles, SessionWork& work) {
  WA_CO_TRY_VOID(co_await parts_.sessions.load(addresses_of(targets), work.changes));
  std::vector<FanOutEntry> out;
  for (const FanOutTarget& target : targets) {
    PeerState& peer = parts_.sessions.peer(target.address);
    if (!peer.can_encrypt() && !begin_session(target, bundles, work.changes)) continue;
    const base::Bytes padded = message::pad(target.plaintext, parts_.outside.random);
    auto ciphertext = signal::encrypt(peer.session, padded);
    if (!ciphertext) continue;
    parts_.sessions.store_session(target.address, work.changes);
    out.push_back({target.device, *std::move(ciphertext)});
  }
  co_return out;
}

bool FanOut::begin_session(const FanOutTarget& target, const Bundles& bundles, Changes& changes) {
  const auto bundle = bundles.find(target.address);
  if (bundle == bundles.end()) return false;
  PeerState& peer = parts_.sessions.peer(target.address);
  const auto& credentials = parts_.connection.credentials();
  const signal::LocalIdentity local{credentials.identity, credentials.registration_id};
  const auto started = signal::start_session(peer.session, bundle->second, local, parts_.outside.random);
  if (!started) {
    parts_.outside.log.warn(
        "a key bundle is not usable",
        {{"device", base::masked(target.device.to_string())}, {"error", started.error().message}});
    return false;
  }
  const bool changed = !peer.identity || peer.identity->key != bundle->second.identity;
  if (changed)
    parts_.sessions.store_identity(target.address, bundle->second.identity, parts_.connection.unix_seconds(),
                                   changes);
  parts_.sessions.store_session(target.address, changes);
  return true;
}

}  // namespace whatsapp
