#include "whatsapp/client/login_sequence.h"

#include <utility>

#include "runtime/one_shot.h"
#include "whatsapp/client/signed_key_rotation.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using binary::Jid;
using binary::Node;

constexpr std::size_t kLongestName = 256;  // bytes

Ended ended_as(Reaction reaction, std::string_view reason, std::string message) {
  Ended ended;
  ended.reaction = reaction;
  ended.reason = reason;
  ended.message = std::move(message);
  return ended;
}

/// The connection is over already, and somebody else knows why.
bool is_end(const base::Error& error) {
  return error.code == ErrorCode::kClosed || error.code == ErrorCode::kCancelled;
}

Node iq(std::string_view xmlns, std::string_view type) {
  return Node("iq").with("xmlns", xmlns).with("type", type).with("to", Jid::service());
}

}  // namespace

store::Changes take_success(const Node& success, OwnDevice& device) {
  store::Changes changes;
  const auto lid = success.jid("lid");
  const bool has_lid = lid && lid->is_lid() && !lid->user().empty();
  const auto name = success.attr("display_name");
  auto take = [&](store::DeviceCredentials& record) {
    auto& link = *record.paired;
    ++record.login_count;
    if (has_lid) link.lid = *lid;
    if (link.push_name.empty() && name) link.push_name = name->substr(0, kLongestName);
  };
  const Jid before = device.credentials().paired->lid;
  device.change(changes, take);
  if (has_lid && before != *lid) {
    const auto& link = *device.credentials().paired;
    changes.lid_mappings.push_back({std::string{link.pn.user()}, std::string{link.lid.user()}});
  }
  return changes;
}

runtime::Task<std::optional<Ended>> become_active(LoginDependencies dependencies, store::Changes changes,
                                                  base::Duration iq_timeout) {
  const auto stored = co_await dependencies.store.commit(std::move(changes));
  if (!stored) co_return ended_as(Reaction::kRetry, "store_failed", stored.error().message);

  const auto keys = co_await dependencies.pre_keys.top_up();
  if (!keys && is_end(keys.error())) co_return Ended{};
  if (!keys) co_return ended_as(Reaction::kRetry, "store_failed", keys.error().message);

  auto request = iq("passive", "set").add(Node("active"));
  const auto active = co_await dependencies.channel.query(std::move(request), iq_timeout);
  if (active) co_return std::nullopt;
  if (is_end(active.error())) co_return Ended{};
  if (active.error().code == ErrorCode::kTimeout)
    co_return ended_as(Reaction::kRetry, "login_timeout", "the server did not let us become active");
  dependencies.log.warn("the server refused that we are active", {{"code", active.error().detail}});
  co_return std::nullopt;
}

runtime::Task<void> settle_in(LoginDependencies dependencies, base::Duration iq_timeout) {
  // Many accounts may have come back at the same second.
  const base::Duration pause{1'000 + static_cast<std::int64_t>(dependencies.random.below(4'000))};
  const auto paused = co_await runtime::sleep_for(dependencies.loop, pause);
  if (!paused) co_return;
  auto request = iq("abt", "get").add(Node("props").with("protocol", "1"));
  const auto properties = co_await dependencies.channel.query(std::move(request), iq_timeout);
  if (!properties) dependencies.log.debug("no server properties", {{"error", properties.error().message}});
  co_await dependencies.pre_keys.check_digest_daily();
  const SignedKeyRotation weekly;
  co_await rotate_signed_key_if_due(weekly, dependencies.channel, dependencies.device, dependencies.store,
                                    dependencies.random, dependencies.loop.clock().unix_seconds(),
                                    dependencies.log);
}

}  // namespace whatsapp
