#include "whatsapp/client/sync/app_state_keys.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "proto/message.pb.h"
#include "whatsapp/client/sync/collection_records.h"
#include "whatsapp/client/sync/record_bytes.h"

namespace whatsapp {

using app_state::KeyId;
using base::Result;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kAskedRecords = "app_state_key_asked";
constexpr std::int64_t kAskAgainAfter = 24 * 3600;  // seconds
constexpr base::Duration kPatienceWithPhone = 60s;

base::Bytes key_request(const std::vector<KeyId>& ids) {
  proto::Message message;
  auto& protocol = *message.mutable_protocol_message();
  protocol.set_type(proto::ProtocolMessage::APP_STATE_SYNC_KEY_REQUEST);
  const base::Bytes request = app_state::build_key_request(ids);
  protocol.set_app_state_sync_key_request(request.data(), request.size());
  return record_bytes(message);
}

}  // namespace

Task<Result<void>> AppStateKeys::take(const message::SelfNotice& notice, const MessageSource& /*source*/,
                                      Changes& changes) {
  const auto* shared = std::get_if<message::AppStateKeys>(&notice);
  if (shared == nullptr) co_return Result<void>{};
  auto load = [](DeviceStore& device) { return load_key_ring(device); };
  WA_CO_TRY(app_state::KeyRing ring, co_await parts_.outside.store.read(load));
  news_ = false;
  for (const auto& [id, data] : shared->keys) {
    auto key = app_state::read_sync_key(id, data);
    if (!key) {
      parts_.outside.log.warn("a key of the app state is malformed", {{"error", key.error().message}});
      continue;
    }
    if (!*key || !ring.add(**std::move(key))) continue;
    changes.records.push_back({std::string{kAppStateKeyRecords}, base::to_hex(id), data, 0});
    news_ = true;
  }
  co_return Result<void>{};
}

void AppStateKeys::committed(const message::SelfNotice& notice, const MessageSource& /*source*/) {
  if (std::holds_alternative<message::AppStateKeys>(notice) && std::exchange(news_, false)) arrived_();
}

void AppStateKeys::request(KeyIds missing) {
  if (!missing.empty() && parts_.connection.attached())
    parts_.connection.scope().spawn(ask(std::move(missing)));
}

Task<void> AppStateKeys::ask(KeyIds missing) {
  auto wanted = co_await not_asked_lately(std::move(missing));
  if (!wanted || wanted->empty()) co_return;
  const auto stamped = co_await stamp(*wanted, Stamp::kSet);
  if (!stamped) co_return parts_.connection.give_up(stamped.error());
  parts_.outside.log.info("asking our phone for keys of the app state", {{"keys", wanted->size()}});
  const auto asked = co_await ask_device(0, *wanted);
  if (!asked) {
    (void)co_await stamp(*wanted, Stamp::kCleared);
    co_return;
  }
  const auto waited = co_await parts_.connection.pause(kPatienceWithPhone);
  if (!waited) co_return;
  const auto missing_still = co_await still_missing(*std::move(wanted));
  if (!missing_still || missing_still->empty()) co_return;
  std::vector<binary::Jid> own_account(1, parts_.connection.self().pn.account());
  const auto devices = co_await parts_.directory.devices_of(std::move(own_account));
  if (!devices) co_return;
  const std::uint16_t own = parts_.connection.self().pn.device();
  for (const binary::Jid& device : *devices)
    if (device.device() != 0 && device.device() != own)
      (void)co_await ask_device(device.device(), *missing_still);
}

Task<Result<void>> AppStateKeys::ask_device(std::uint16_t device, const KeyIds& ids) {
  PeerMessage message;
  message.content = key_request(ids);
  message.device = device;
  const auto sent = co_await peers_.send(std::move(message));
  if (!sent) {
    parts_.outside.log.info("a request for keys was not sent", {{"error", sent.error().message}});
    co_return base::fail(sent.error());
  }
  co_return Result<void>{};
}

Task<Result<AppStateKeys::KeyIds>> AppStateKeys::not_asked_lately(KeyIds missing) {
  const std::int64_t since = parts_.connection.unix_seconds() - kAskAgainAfter;
  auto query = [&](DeviceStore& device) -> Result<KeyIds> {
    KeyIds out;
    for (const KeyId& id : missing) {
      WA_TRY(const auto asked, device.record(std::string{kAskedRecords}, base::to_hex(id)));
      const bool lately = asked && static_cast<std::int64_t>(base::read_big_endian(*asked)) > since;
      if (!lately) out.push_back(id);
    }
    return out;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<AppStateKeys::KeyIds>> AppStateKeys::still_missing(KeyIds missing) {
  auto query = [&](DeviceStore& device) -> Result<KeyIds> {
    WA_TRY(const auto ring, load_key_ring(device));
    std::erase_if(missing, [&](const KeyId& id) { return ring.find(id) != nullptr; });
    return missing;
  };
  co_return co_await parts_.outside.store.read(query);
}

Task<Result<void>> AppStateKeys::stamp(const KeyIds& ids, Stamp how) {
  Changes changes;
  const std::int64_t now = parts_.connection.unix_seconds();
  for (const KeyId& id : ids) {
    const std::string key = base::to_hex(id);
    if (how == Stamp::kCleared) {
      changes.records_dropped.push_back({std::string{kAskedRecords}, key});
      continue;
    }
    const auto time = base::big_endian<8>(static_cast<std::uint64_t>(now));
    changes.records.push_back({std::string{kAskedRecords}, key, base::to_bytes(time), now + kAskAgainAfter});
  }
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

}  // namespace whatsapp
