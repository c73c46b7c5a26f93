#include "whatsapp/client/pre_key_keeper.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "whatsapp/client/pre_key_stanzas.h"
#include "whatsapp/signal/keys.h"

namespace whatsapp {
namespace {

using base::ErrorCode;
using Seeds = std::vector<base::Secret<32>>;

/// How far the counter may run over ids that are still stored (only after it has wrapped).
constexpr std::size_t kMostSkipped = 4'096;

struct Numbered {
  std::vector<signal::PreKey> keys;
  std::uint32_t next_id = 1;
};

/// Gives each seed the next free id. Runs on the store's lane: it looks ids up, and makes the public keys.
base::Result<Numbered> number_keys(store::DeviceStore& store, std::uint32_t next_id, const Seeds& seeds) {
  Numbered numbered;
  numbered.keys.reserve(seeds.size());
  std::size_t skipped = 0;
  while (numbered.keys.size() < seeds.size()) {
    WA_TRY(const auto taken, store.pre_key(next_id));
    if (taken && ++skipped > kMostSkipped)
      return base::fail(ErrorCode::kCorrupt, "no free pre-key id near the counter");
    if (!taken) numbered.keys.push_back({next_id, crypto::key_pair_of(seeds[numbered.keys.size()].bytes())});
    next_id = signal::next_pre_key_id(next_id);
  }
  numbered.next_id = next_id;
  return numbered;
}

/// The digest over our own copies; nothing if one of the keys is not ours any more.
base::Result<std::optional<base::FixedBytes<20>>> own_digest(store::DeviceStore& store,
                                                             const std::vector<std::uint32_t>& ids,
                                                             const crypto::PublicKey& identity,
                                                             const signal::SignedPreKey& signed_pre_key) {
  std::vector<crypto::PublicKey> keys;
  keys.reserve(ids.size());
  for (const auto id : ids) {
    WA_TRY(const auto row, store.pre_key(id));
    if (!row) return std::nullopt;
    keys.push_back(row->key.keys.public_key);
  }
  return signal::key_bundle_digest(identity, signed_pre_key, keys);
}

/// The server was unhelpful; trying again may work, and the connection itself is fine.
bool passing(const base::Error& error) {
  return error.code == ErrorCode::kRejected || error.code == ErrorCode::kTimeout ||
         error.code == ErrorCode::kMalformed;
}

std::unexpected<base::Error> detached() { return base::fail(ErrorCode::kClosed, "not connected"); }

}  // namespace

PreKeyKeeper::PreKeyKeeper(runtime::EventLoop& loop, AccountStore& store, OwnDevice& device,
                           base::Random& random, base::Log log, PreKeySettings settings)
    : loop_(loop),
      store_(store),
      device_(device),
      random_(random),
      log_(std::move(log)),
      settings_(settings),
      uploading_(loop),
      numbering_(loop) {}

void PreKeyKeeper::attach(StanzaChannel& channel, runtime::TaskScope& scope) {
  channel_ = &channel;
  scope_ = &scope;
}

void PreKeyKeeper::detach() {
  channel_ = nullptr;
  scope_ = nullptr;
}

// ---- counting ------------------------------------------------------------------------------------------

runtime::Task<base::Result<std::size_t>> PreKeyKeeper::ask_count() {
  if (channel_ == nullptr) co_return detached();
  auto request = pre_key_count_request();
  WA_CO_TRY(const auto answer, co_await channel_->query(std::move(request), settings_.iq_timeout));
  co_return pre_key_count(answer);
}

/// The count, asked again when an upload may have changed it since `server_count` was learned.
runtime::Task<base::Result<std::size_t>> PreKeyKeeper::fresh_count(std::size_t server_count) {
  const bool recent = last_upload_ && loop_.clock().now() - *last_upload_ < settings_.recheck_within;
  if (!recent) co_return server_count;
  co_return co_await ask_count();
}

runtime::Task<base::Result<void>> PreKeyKeeper::top_up() {
  auto query = [](store::DeviceStore& store) { return store.confirmed_pre_key_count(); };
  WA_CO_TRY(const std::size_t ours, co_await store_.read(query));
  const auto theirs = co_await ask_count();
  base::Result<void> done{};
  if (!theirs) {
    done = base::fail(theirs.error());
  } else if (std::min(*theirs, ours) < settings_.low_water) {
    done = co_await upload(*theirs);
  }
  if (done || !passing(done.error())) co_return done;
  log_.warn("pre-keys could not be uploaded at login", {{"error", done.error().message}});
  start_uploads(settings_.first_retry);
  co_return base::Result<void>{};
}

// ---- making and uploading keys ---------------------------------------------------------------------------

runtime::Task<base::Result<PreKeyKeeper::Rows>> PreKeyKeeper::make_rows(std::size_t count,
                                                                        store::PreKeyRow::Upload kind) {
  WA_CO_TRY(const auto held, co_await numbering_.lock());
  Seeds seeds(count);
  for (auto& seed : seeds) random_.fill(seed.mutable_bytes());
  const std::uint32_t first_id = device_.credentials().next_pre_key_id;
  auto query = [&seeds, first_id](store::DeviceStore& store) { return number_keys(store, first_id, seeds); };
  WA_CO_TRY(const auto numbered, co_await store_.read(query));

  store::Changes changes;
  Rows rows;
  for (const auto& key : numbered.keys) rows.push_back({key, kind});
  changes.pre_keys = rows;
  auto advance = [&numbered](store::DeviceCredentials& record) { record.next_pre_key_id = numbered.next_id; };
  device_.change(changes, advance);
  WA_CO_TRY_VOID(co_await store_.commit(std::move(changes)));
  co_return rows;
}

runtime::Task<base::Result<PreKeyKeeper::Rows>> PreKeyKeeper::rows_to_upload(std::size_t count) {
  auto query = [count](store::DeviceStore& store) { return store.pending_pre_keys(count); };
  WA_CO_TRY(auto rows, co_await store_.read(query));
  if (rows.size() >= count) co_return rows;
  WA_CO_TRY(const auto fresh, co_await make_rows(count - rows.size(), store::PreKeyRow::Upload::kPending));
  rows.insert(rows.end(), fresh.begin(), fresh.end());
  co_return rows;
}

runtime::Task<base::Result<void>> PreKeyKeeper::upload(std::size_t server_count) {
  WA_CO_TRY(const auto held, co_await uploading_.lock());
  WA_CO_TRY(const std::size_t count, co_await fresh_count(server_count));
  if (count != server_count && count >= settings_.low_water) co_return base::Result<void>{};
  WA_CO_TRY(const auto rows, co_await rows_to_upload(count == 0 ? settings_.first_upload : settings_.upload));
  co_return co_await write_upload(rows);
}

runtime::Task<base::Result<void>> PreKeyKeeper::write_upload(const Rows& rows) {
  if (channel_ == nullptr) co_return detached();
  auto request = pre_key_upload(device_.credentials(), rows);
  WA_CO_TRY_VOID(co_await channel_->query(std::move(request), settings_.iq_timeout));
  last_upload_ = loop_.clock().now();
  log_.info("pre-keys uploaded", {{"keys", rows.size()}});
  store::Changes changes;
  for (const auto& row : rows) changes.pre_keys_confirmed.push_back(row.key.id);
  co_return co_await store_.commit(std::move(changes));
}

void PreKeyKeeper::start_uploads(base::Duration first_delay) {
  if (scope_ == nullptr || background_ == Background::kUploading) return;
  background_ = Background::kUploading;
  scope_->spawn(upload_until_done(first_delay));
}

runtime::Task<void> PreKeyKeeper::upload_until_done(base::Duration first_delay) {
  base::Duration previous{0};
  base::Duration delay = first_delay;
  for (;;) {
    const auto slept = co_await runtime::sleep_for(loop_, delay);
    if (!slept) break;
    auto done = base::Result<void>{};
    const auto count = co_await ask_count();
    if (!count) done = base::fail(count.error());
    if (count && *count < settings_.low_water) done = co_await upload(*count);
    if (done || !passing(done.error())) break;
    log_.warn("pre-keys could not be uploaded", {{"error", done.error().message}});
    const base::Duration next = std::clamp(previous + delay, settings_.first_retry, settings_.longest_retry);
    previous = std::exchange(delay, next);
  }
  background_ = Background::kIdle;
}

void PreKeyKeeper::refill_if_low(std::size_t server_count) {
  if (server_count < settings_.low_water) start_uploads(base::Duration{0});
}

runtime::Task<base::Result<signal::PreKey>> PreKeyKeeper::hand_out_one() {
  WA_CO_TRY(auto rows, co_await make_rows(1, store::PreKeyRow::Upload::kHandedOutDirectly));
  co_return rows.front().key;
}

// ---- the digest ------------------------------------------------------------------------------------------

void PreKeyKeeper::check_digest() {
  if (scope_ != nullptr) scope_->spawn(repair_after_digest());
}

runtime::Task<void> PreKeyKeeper::check_digest_daily() {
  const auto now = co_await due("pre_keys.digest_at");
  if (now && *now) co_await repair_after_digest();
}

/// Compares, and has the keys uploaded again when the server's are not ours: at most once a day, and only
/// when the count says the same, since an upload that repeats itself is worse than a wrong digest.
runtime::Task<void> PreKeyKeeper::repair_after_digest() {
  const auto digest = co_await compare_digest();
  if (!digest || *digest != Digest::kDifferent) co_return;
  log_.warn("the server's copy of our keys differs");
  const auto count = co_await ask_count();
  if (!count || *count >= settings_.low_water) co_return;
  const auto allowed = co_await due("pre_keys.repaired_at");
  if (allowed && *allowed) start_uploads(base::Duration{0});
}

runtime::Task<base::Result<PreKeyKeeper::Digest>> PreKeyKeeper::compare_digest() {
  if (channel_ == nullptr) co_return detached();
  auto request = key_digest_request();
  const auto answer = co_await channel_->query(std::move(request), settings_.digest_timeout);
  if (!answer && answer.error().code == ErrorCode::kRejected)
    co_return answer.error().detail == 404 ? Digest::kDifferent : Digest::kUnknown;
  if (!answer) co_return base::fail(answer.error());
  const auto theirs = parse_key_digest(*answer);
  if (!theirs) co_return Digest::kUnknown;
  const crypto::PublicKey identity = device_.credentials().identity.public_key;
  const signal::SignedPreKey signed_pre_key = device_.credentials().signed_pre_key;
  auto query = [&](store::DeviceStore& store) {
    return own_digest(store, theirs->pre_key_ids, identity, signed_pre_key);
  };
  WA_CO_TRY(const auto ours, co_await store_.read(query));
  co_return ours&&* ours == theirs->hash ? Digest::kSame : Digest::kDifferent;
}

/// Whether the interval has passed since `name` was last due; then it begins anew, durably.
runtime::Task<base::Result<bool>> PreKeyKeeper::due(std::string name) {
  auto query = [&name](store::DeviceStore& store) { return store.value(name); };
  WA_CO_TRY(const auto stored, co_await store_.read(query));
  std::int64_t last = 0;
  if (stored) {
    const auto text = base::as_text(*stored);
    std::from_chars(text.data(), text.data() + text.size(), last);
  }
  const std::int64_t now = loop_.clock().unix_seconds();
  if (now - last < settings_.digest_interval && last <= now) co_return false;
  store::Changes changes;
  changes.values.emplace_back(std::move(name), base::to_bytes(std::to_string(now)));
  WA_CO_TRY_VOID(co_await store_.commit(std::move(changes)));
  co_return true;
}

}  // namespace whatsapp
