#include "whatsapp/client/sync/app_state_sync.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "whatsapp/client/sync/collection_records.h"

namespace whatsapp {

using app_state::Collection;
using app_state::CollectionState;
using app_state::Patch;
using app_state::Reject;
using app_state::RejectReason;
using app_state::Trust;
using base::Bytes;
using base::ErrorCode;
using base::fail;
using base::Result;
using binary::Node;
using runtime::Task;
using store::Changes;
using store::DeviceStore;
using namespace std::chrono_literals;

namespace {

constexpr int kMostRounds = 500;     // of one run
constexpr int kMostIdleRounds = 5;   // in which no collection advanced
constexpr std::size_t kSlice = 256;  // snapshot entries per commit
constexpr std::uint64_t kMostBlobBytes = std::uint64_t{64} << 20;
constexpr std::array<base::Duration, 4> kRetryAfter{5s, 30s, 5min, 30min};

bool is_end(const base::Error& error) {
  return error.code == ErrorCode::kClosed || error.code == ErrorCode::kCancelled;
}

Reject rejected(RejectReason reason, std::string why) { return Reject{reason, std::move(why), {}}; }

/// Reads a blob that is known to be small.
Result<Bytes> read_all(Blob& blob) {
  WA_TRY(const auto source, blob.open());
  Bytes out;
  Bytes piece(64 * 1024);
  for (;;) {
    WA_TRY(const std::size_t count, source->read(piece));
    if (count == 0) return out;
    if (out.size() + count > kMostBlobBytes) return fail(ErrorCode::kLimit, "an app state file is too long");
    base::append(out, base::ByteView{piece}.first(count));
  }
}

}  // namespace

AppStateSync::AppStateSync(DeskParts& parts, PeerMessenger& peers, AppStateEffects& effects)
    : parts_(parts),
      peers_(peers),
      effects_(effects),
      keys_(parts, peers, [this] { keys_arrived(); }),
      mutex_(parts.outside.loop) {}

// ---- when
// ---------------------------------------------------------------------------------------------------

void AppStateSync::attached() {
  wanted_.clear();
  running_ = false;
  waiting_to_retry_ = false;
  failures_ = 0;
}

void AppStateSync::offline_finished() { parts_.connection.scope().spawn(want_after_login()); }

Task<void> AppStateSync::want_after_login() {
  // Many accounts may have come back at the same second (10 X2).
  const base::Duration pause{static_cast<std::int64_t>(parts_.outside.random.below(4'000))};
  const auto waited = co_await parts_.connection.pause(pause);
  if (!waited) co_return;
  auto load = [](DeviceStore& device) { return load_key_ring(device); };
  const auto ring = co_await parts_.outside.store.read(load);
  if (!ring) co_return parts_.connection.give_up(ring.error());
  Collections all = std::exchange(wanted_, {});
  if (!ring->empty()) all.insert(app_state::kCollections.begin(), app_state::kCollections.end());
  want(all);
}

void AppStateSync::keys_arrived() {
  blocked_.clear();
  parked_until_.clear();
  want({app_state::kCollections.begin(), app_state::kCollections.end()});
}

Task<Result<void>> AppStateSync::take(const Node&, Changes&) { co_return Result<void>{}; }

void AppStateSync::committed(const Node& notification) {
  Collections named;
  for (const Node* node : notification.children("collection"))
    if (const auto collection = app_state::collection_from(node->attr("name").value_or("")))
      named.insert(*collection);
  // During the replay of the offline queue nothing is fetched; the end of it is near (spec 08 §8.1).
  if (notification.has_attr("offline"))
    wanted_.merge(named);
  else
    want(named);
}

Task<Result<void>> AppStateSync::refresh(Node /*dirty*/) {
  WA_CO_TRY(const auto held, co_await mutex_.lock());
  Collections all{app_state::kCollections.begin(), app_state::kCollections.end()};
  WA_CO_TRY(const Collections left, co_await synchronise(std::move(all)));
  if (!left.empty()) co_return fail(ErrorCode::kUnavailable, "app state is not in step");
  co_return Result<void>{};
}

void AppStateSync::want(const Collections& collections) {
  wanted_.insert(collections.begin(), collections.end());
  if (running_ || wanted_.empty() || !parts_.connection.attached()) return;
  running_ = true;
  parts_.connection.scope().spawn(run());
}

Task<void> AppStateSync::run() {
  const auto held = co_await mutex_.lock();
  while (held && !wanted_.empty()) {
    const auto left = co_await synchronise(std::exchange(wanted_, {}));
    if (!left) {
      if (!is_end(left.error())) parts_.connection.give_up(left.error());
      break;
    }
    if (left->empty()) {
      failures_ = 0;
    } else if (!std::exchange(waiting_to_retry_, true)) {
      parts_.connection.scope().spawn(want_later(*left));
    }
  }
  running_ = false;
}

Task<void> AppStateSync::want_later(Collections collections) {
  const base::Duration delay = kRetryAfter[std::min(failures_++, kRetryAfter.size() - 1)];
  const auto waited = co_await parts_.connection.pause(delay);
  if (!waited) co_return;
  waiting_to_retry_ = false;
  want(collections);
}

// ---- a run
// --------------------------------------------------------------------------------------------------

Task<Result<AppStateSync::States>> AppStateSync::load_states(Collections collections) {
  auto load = [&](DeviceStore& device) -> Result<States> {
    States states;
    for (const Collection collection : collections) {
      WA_TRY(states[collection], load_collection(device, collection));
    }
    return states;
  };
  co_return co_await parts_.outside.store.read(load);
}

Task<Result<AppStateSync::State>> AppStateSync::load_state(Collection collection) {
  auto load = [collection](DeviceStore& device) { return load_collection(device, collection); };
  co_return co_await parts_.outside.store.read(load);
}

Task<Result<AppStateSync::Collections>> AppStateSync::synchronise(Collections todo) {
  Collections later;
  gaps_.clear();
  std::erase_if(todo, [this](Collection collection) { return parked(collection); });
  int idle = 0;
  for (int round = 0; round < kMostRounds && idle < kMostIdleRounds && !todo.empty(); ++round) {
    WA_CO_TRY(const States states, co_await load_states(todo));
    const auto answer = co_await parts_.connection.query(fetch_request(states));
    if (!answer) {
      if (is_end(answer.error())) co_return fail(answer.error());
      later.merge(todo);
      co_return later;
    }
    auto parts = read_sync_answer(*answer);
    bool advanced = false;
    for (const auto& [collection, state] : states) {
      Next next = Next::kLater;
      if (const auto part = parts.find(collection); part != parts.end()) {
        WA_CO_TRY(next, co_await obey(collection, state, std::move(part->second)));
      }
      advanced = advanced || next == Next::kAdvanced;
      if (next == Next::kAdvanced || next == Next::kAgain) continue;
      todo.erase(collection);
      if (next == Next::kLater) later.insert(collection);
    }
    idle = advanced ? 0 : idle + 1;
  }
  if (!todo.empty()) parts_.outside.log.warn("app state does not come to an end; left for later");
  later.merge(todo);
  co_return later;
}

Task<Result<void>> AppStateSync::catch_up(Collection collection) {
  Collections todo;
  todo.insert(collection);
  WA_CO_TRY(const Collections left, co_await synchronise(std::move(todo)));
  WA_CO_TRY(const State state, co_await load_state(collection));
  if (!left.empty() || !state.initialized)
    co_return fail(ErrorCode::kUnavailable, "the app state of this account is not in step yet");
  co_return Result<void>{};
}

Task<Result<void>> AppStateSync::take_in(Collection collection, CollectionAnswer answer) {
  answer.snapshot.clear();
  WA_CO_TRY(State state, co_await load_state(collection));
  WA_CO_TRY_VOID(co_await take_content(collection, std::move(state), std::move(answer)));
  co_return Result<void>{};
}

// ---- an answer
// ----------------------------------------------------------------------------------------------

Task<Result<AppStateSync::Next>> AppStateSync::obey(Collection collection, State state,
                                                    CollectionAnswer answer) {
  if (answer.reply == app_state::Reply::kFatal) co_return co_await fatal(collection);
  if (answer.reply == app_state::Reply::kRetry) co_return Next::kLater;
  const bool more =
      answer.reply == app_state::Reply::kSuccessHasMore || answer.reply == app_state::Reply::kConflictHasMore;
  const std::uint64_t before = state.version;
  WA_CO_TRY(const Next next, co_await take_content(collection, std::move(state), std::move(answer)));
  if (next != Next::kDone || !more) co_return next;
  WA_CO_TRY(const State after, co_await load_state(collection));
  co_return after.version > before ? Next::kAdvanced : Next::kAgain;
}

Task<Result<AppStateSync::Next>> AppStateSync::take_content(Collection collection, State state,
                                                            CollectionAnswer answer) {
  if (!answer.snapshot.empty()) {
    WA_CO_TRY(const Next next, co_await take_snapshot(collection, state, std::move(answer.snapshot)));
    if (next != Next::kDone) co_return next;
  } else if (!state.initialized && answer.patches.empty()) {
    // There is nothing in this collection.
    State empty = state;
    empty.initialized = true;
    empty.version = answer.version.value_or(0);
    WA_CO_TRY_VOID(co_await commit_state(collection, empty));
  }
  if (answer.patches.empty()) co_return Next::kDone;
  co_return co_await take_patches(collection, std::move(answer.patches));
}

Task<Result<Bytes>> AppStateSync::download(app_state::BlobReference reference) {
  if (parts_.outside.blobs == nullptr)
    co_return fail(ErrorCode::kUnavailable, "there is no way to download files");
  auto proof = media::read_file_proof(reference.media_key, reference.file_enc_sha256, reference.file_sha256);
  if (!proof) co_return fail(proof.error());
  const auto* encrypted = std::get_if<media::EncryptedFileProof>(&*proof);
  if (encrypted == nullptr) co_return fail(ErrorCode::kMalformed, "an app state file without its hash");
  BlobReference wanted{media::MediaKind::kAppState, std::move(reference.direct_path), *encrypted,
                       kMostBlobBytes};
  WA_CO_TRY(const auto blob, co_await parts_.outside.blobs->fetch(std::move(wanted)));
  auto read = [&blob](DeviceStore&) { return read_all(*blob); };
  co_return co_await parts_.outside.store.read(read);
}

Task<Result<AppStateSync::Next>> AppStateSync::take_snapshot(Collection collection, State state,
                                                             Bytes reference) {
  if (state.initialized)
    co_return co_await refused(collection, rejected(RejectReason::kSnapshotNotAsked, "nobody asked for it"));
  auto where = app_state::read_blob_reference(reference);
  if (!where)
    co_return co_await refused(collection, rejected(RejectReason::kMalformed, where.error().message));
  auto file = co_await download(*std::move(where));
  if (!file) {
    if (is_end(file.error())) co_return fail(file.error());
    parts_.outside.log.info("a snapshot of app state could not be had", {{"error", file.error().message}});
    co_return Next::kLater;
  }
  co_return co_await replay(collection, *std::move(file));
}

/// Entries are committed slice by slice, the state last: until then the collection counts as new, and a crash
/// in between begins again with an empty one.
Task<Result<AppStateSync::Next>> AppStateSync::replay(Collection collection, Bytes file) {
  using app_state::SnapshotReplay;
  struct Job {
    app_state::Snapshot snapshot{};
    app_state::KeyRing ring{};
    std::optional<std::expected<SnapshotReplay, Reject>> replay{};
  } job;
  auto begin = [&](DeviceStore& device) -> Result<void> {
    WA_TRY(job.snapshot, app_state::read_snapshot(file));
    WA_TRY(job.ring, load_key_ring(device));
    job.replay.emplace(SnapshotReplay::begin(collection, State{}, job.snapshot, job.ring));
    return {};
  };
  const auto begun = co_await parts_.outside.store.read(begin);
  if (!begun && begun.error().code != ErrorCode::kMalformed) co_return fail(begun.error());
  if (!begun)
    co_return co_await refused(collection, rejected(RejectReason::kMalformed, begun.error().message));
  if (!*job.replay) co_return co_await refused(collection, job.replay->error());
  SnapshotReplay& steps = **job.replay;
  WA_CO_TRY_VOID(co_await reset(collection));

  while (!steps.done()) {
    app_state::EntryChanges entries;
    std::vector<app_state::Mutation> mutations;
    auto visit = [&](app_state::SnapshotEntry entry) {
      entries[entry.index_mac] = entry.value_mac;
      if (entry.mutation) mutations.push_back(*std::move(entry.mutation));
    };
    auto step = [&](DeviceStore&) -> Result<std::expected<void, Reject>> {
      return steps.step(kSlice, visit);
    };
    WA_CO_TRY(const auto stepped, co_await parts_.outside.store.read(step));
    if (!stepped) {
      WA_CO_TRY_VOID(co_await reset(collection));
      resynced_.insert(collection);  // this was a full snapshot
      co_return co_await refused(collection, stepped.error());
    }
    WA_CO_TRY_VOID(co_await commit(collection, std::nullopt, entries, mutations, Telling::kQuietly));
  }
  const State state = steps.finish();
  WA_CO_TRY_VOID(co_await commit_state(collection, state));
  parts_.outside.log.info("app state read from a snapshot",
                          {{"collection", to_string(collection)}, {"version", state.version}});
  if (state.trust == Trust::kTainted) {
    parts_.outside.log.warn("a snapshot's own MAC does not match; it is used all the same",
                            {{"collection", to_string(collection)}});
    resynced_.insert(collection);
    co_return co_await climb_tainted(collection);
  }
  co_return Next::kDone;
}

Task<Result<AppStateSync::Next>> AppStateSync::take_patches(Collection collection, std::vector<Bytes> raw) {
  std::vector<Patch> patches;
  for (const Bytes& bytes : raw) {
    auto patch = app_state::read_patch(bytes);
    if (!patch)
      co_return co_await refused(collection, rejected(RejectReason::kMalformed, patch.error().message));
    if (patch->external) {
      auto file = co_await download(*patch->external);
      if (!file && is_end(file.error())) co_return fail(file.error());
      if (!file) co_return Next::kLater;
      const auto added = app_state::add_external(*patch, *file);
      if (!added)
        co_return co_await refused(collection, rejected(RejectReason::kMalformed, added.error().message));
    }
    patches.push_back(*std::move(patch));
  }
  co_return co_await apply(collection, std::move(patches));
}

Task<Result<AppStateSync::Next>> AppStateSync::apply(Collection collection, std::vector<Patch> patches) {
  State before;
  auto work = [&](DeviceStore& device) -> Result<app_state::RoundResult> {
    WA_TRY(before, load_collection(device, collection));
    WA_TRY(const auto ring, load_key_ring(device));
    std::set<app_state::IndexMac> touched;
    for (const Patch& patch : patches) touched.merge(app_state::touched_entries(patch));
    WA_TRY(const auto known, load_entries(device, collection, touched));
    return app_state::apply_patches(collection, before, known, patches, ring);
  };
  WA_CO_TRY(const auto round, co_await parts_.outside.store.read(work));
  if (round.patches > 0) {
    const Telling telling = before.initialized ? Telling::kWithEvents : Telling::kQuietly;
    const auto& applied = round.applied;
    WA_CO_TRY_VOID(co_await commit(collection, applied.state, applied.entries, applied.mutations, telling));
    if (applied.missing_removes > 0)
      parts_.outside.log.debug("entries were removed that were not there",
                               {{"entries", applied.missing_removes}});
  }
  if (round.stop) co_return co_await refused(collection, *round.stop);
  const bool newly_tainted = before.trust == Trust::kVerified && round.applied.state.trust == Trust::kTainted;
  if (newly_tainted) co_return co_await climb_tainted(collection);
  co_return Next::kDone;
}

Task<Result<void>> AppStateSync::commit_state(Collection collection, State state) {
  Changes changes;
  put_collection(collection, state, changes);
  co_return co_await parts_.outside.store.commit(std::move(changes));
}

Task<Result<void>> AppStateSync::commit(Collection collection, std::optional<CollectionState> state,
                                        const app_state::EntryChanges& entries,
                                        const std::vector<app_state::Mutation>& mutations, Telling telling) {
  WA_CO_TRY(auto work, co_await parts_.sessions.begin());
  WA_CO_TRY_VOID(co_await effects_.apply(mutations, telling, work.changes));
  put_entries(collection, entries, work.changes);
  if (state) put_collection(collection, *state, work.changes);
  WA_CO_TRY_VOID(co_await work.commit());
  parts_.outside.sink.staged();
  co_return Result<void>{};
}

}  // namespace whatsapp
