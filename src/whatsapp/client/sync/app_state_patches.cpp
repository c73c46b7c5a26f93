#include "whatsapp/client/sync/app_state_patches.h"

#include <utility>

#include "whatsapp/client/sync/collection_records.h"

namespace whatsapp {

using app_state::BuiltPatch;
using app_state::Reply;
using base::ErrorCode;
using base::fail;
using base::Result;
using runtime::Task;
using store::DeviceStore;

namespace {

constexpr int kMostAttempts = 5;

}  // namespace

Result<AppStatePatches::Ground> AppStatePatches::load_ground(DeviceStore& device,
                                                             const std::vector<std::string>& names,
                                                             const MakeMutations& make) {
  Ground out;
  out.set = make(names.front());
  WA_TRY(out.ring, load_key_ring(device));
  WA_TRY(const auto expired, load_expired_epoch(device));
  const app_state::KeyId* active = out.ring.active(expired);
  if (active == nullptr)
    return fail(ErrorCode::kUnavailable, "our phone has shared no keys of app state yet");
  out.key_id = *active;
  WA_TRY(out.state, load_collection(device, out.set.collection));
  for (const std::string& name : names) {
    app_state::MutationSet set = make(name);
    std::set<app_state::IndexMac> possible;
    for (const app_state::Mutation& mutation : set.mutations)
      possible.merge(app_state::possible_entries(mutation.index, out.ring));
    WA_TRY(auto known, load_entries(device, set.collection, possible));
    if (known.empty()) continue;
    out.known = std::move(known);
    out.set = std::move(set);
    break;
  }
  return out;
}

Task<Result<void>> AppStatePatches::send(std::vector<std::string> names, MakeMutations make) {
  if (!parts_.connection.attached()) co_return fail(ErrorCode::kClosed, "not connected");
  const CurrentConnection::Use use(parts_.connection);
  WA_CO_TRY(const auto held, co_await sync_.lock());
  for (int i = 0; i < kMostAttempts; ++i) {
    auto load = [&](DeviceStore& device) { return load_ground(device, names, make); };
    WA_CO_TRY(Ground ground, co_await parts_.outside.store.read(load));
    if (!ground.state.initialized) {
      WA_CO_TRY_VOID(co_await sync_.catch_up(ground.set.collection));
      continue;
    }
    if (ground.state.trust == app_state::Trust::kTainted)
      co_return fail(ErrorCode::kUnavailable, "appstate_tainted");
    WA_CO_TRY(const Sent sent, co_await attempt(std::move(ground)));
    if (sent == Sent::kAccepted) co_return Result<void>{};
  }
  co_return fail(ErrorCode::kConflict,
                 "other devices changed the app state at the same time, again and again");
}

Task<Result<AppStatePatches::Sent>> AppStatePatches::attempt(Ground ground) {
  const Collection collection = ground.set.collection;
  WA_CO_TRY(BuiltPatch built,
            app_state::build_patch(collection, ground.state, ground.known, ground.set.mutations, ground.ring,
                                   ground.key_id, parts_.outside.random));
  WA_CO_TRY(const auto answer,
            co_await parts_.connection.query(patch_request(collection, ground.state, built.bytes)));
  auto parts = read_sync_answer(answer);
  const auto part = parts.find(collection);
  if (part == parts.end()) co_return fail(ErrorCode::kUnavailable, "the service did not say what it did");
  co_return co_await obey(std::move(ground), std::move(built), std::move(part->second));
}

Task<Result<AppStatePatches::Sent>> AppStatePatches::obey(Ground ground, BuiltPatch built,
                                                          CollectionAnswer answer) {
  const Collection collection = ground.set.collection;
  const bool more = answer.reply == Reply::kSuccessHasMore || answer.reply == Reply::kConflictHasMore;
  switch (answer.reply) {
    case Reply::kFatal:
      co_return fail(ErrorCode::kRejected, "the service refused the change", answer.error_code.value_or(0));
    case Reply::kRetry:
      co_return fail(ErrorCode::kUnavailable, "the service cannot take the change now",
                     answer.error_code.value_or(0));
    case Reply::kSuccess:
    case Reply::kSuccessHasMore: {
      const bool as_expected = answer.version.value_or(built.state.version) == built.state.version;
      if (as_expected && answer.patches.empty() && !more) {
        WA_CO_TRY_VOID(co_await sync_.commit(collection, built.state, built.entries, ground.set.mutations,
                                             Telling::kWithEvents));
        co_return Sent::kAccepted;
      }
      // Ours is among what comes from there.
      if (!answer.patches.empty()) WA_CO_TRY_VOID(co_await sync_.take_in(collection, std::move(answer)));
      WA_CO_TRY_VOID(co_await sync_.catch_up(collection));
      co_return Sent::kAccepted;
    }
    case Reply::kConflict:
    case Reply::kConflictHasMore:
      break;
  }
  if (answer.patches.empty() || more) {
    WA_CO_TRY_VOID(co_await sync_.catch_up(collection));
  } else {
    WA_CO_TRY_VOID(co_await sync_.take_in(collection, std::move(answer)));
  }
  co_return Sent::kConflict;
}

}  // namespace whatsapp
