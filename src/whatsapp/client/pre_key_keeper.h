// The account's one-time pre-keys: it numbers them, stores them, uploads them, and looks whether the server
// still has enough. Each sender that begins a session with us uses one up, so the server must never run out.
//
// The order that keeps every key ours: the private halves and the counter are durable before a key leaves;
// it counts as uploaded only after the server said so; until then the same ids are uploaded again. Ids come
// from a counter that only grows (24 bits, wrapping to 1) and are never given twice (spec 04 §10).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/async_mutex.h"
#include "runtime/task.h"
#include "runtime/task_scope.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/own_device.h"
#include "whatsapp/client/pre_key_supply.h"
#include "whatsapp/client/stanza_channel.h"

namespace whatsapp {

struct PreKeySettings {
  std::size_t first_upload = 812;  // keys, when the server has none
  std::size_t upload = 200;        // keys, when it has some
  std::size_t low_water = 5;       // fewer than this is too few
  base::Duration iq_timeout{15'000};
  base::Duration digest_timeout{20'000};
  base::Duration first_retry{1'000};       // after a failed upload; then a Fibonacci series …
  base::Duration longest_retry{610'000};   // … up to this
  base::Duration recheck_within{600'000};  // after an upload: ask for the count before the next one
  std::int64_t digest_interval = 86'400;   // seconds between own checks, and between repairs
};

/// One per account; attached to each logged-in connection.
class PreKeyKeeper final : public PreKeySupply {
 public:
  PreKeyKeeper(runtime::EventLoop& loop, AccountStore& store, OwnDevice& device, base::Random& random,
               base::Log log, PreKeySettings settings = {});

  /// Work in the background runs in `scope`, which is closed after detach().
  void attach(StanzaChannel& channel, runtime::TaskScope& scope);
  void detach();

  /// At login, before we become active: asks what the server has and uploads if that, or what we know to
  /// be uploaded, is too little. Errors of the store (kIo, kCorrupt, …) are fatal for the connection; an
  /// unhelpful server is not an error, the upload is then tried again in the background.
  runtime::Task<base::Result<void>> top_up();
  /// Some time after login: the digest check, at most once a day.
  runtime::Task<void> check_digest_daily();

  // PreKeySupply
  void refill_if_low(std::size_t server_count) override;
  void check_digest() override;
  runtime::Task<base::Result<signal::PreKey>> hand_out_one() override;

 private:
  enum class Digest { kSame, kDifferent, kUnknown };
  using Rows = std::vector<store::PreKeyRow>;

  runtime::Task<base::Result<std::size_t>> ask_count();
  runtime::Task<base::Result<void>> upload(std::size_t server_count);
  runtime::Task<base::Result<void>> write_upload(const Rows& rows);
  runtime::Task<base::Result<Rows>> rows_to_upload(std::size_t count);
  runtime::Task<base::Result<Rows>> make_rows(std::size_t count, store::PreKeyRow::Upload kind);
  runtime::Task<base::Result<std::size_t>> fresh_count(std::size_t server_count);
  runtime::Task<void> upload_until_done(base::Duration first_delay);
  runtime::Task<void> repair_after_digest();
  runtime::Task<base::Result<Digest>> compare_digest();
  runtime::Task<base::Result<bool>> due(std::string name);
  void start_uploads(base::Duration first_delay);

  runtime::EventLoop& loop_;
  AccountStore& store_;
  OwnDevice& device_;
  base::Random& random_;
  base::Log log_;
  PreKeySettings settings_;
  StanzaChannel* channel_ = nullptr;
  runtime::TaskScope* scope_ = nullptr;
  runtime::AsyncMutex uploading_;  // one upload at a time
  runtime::AsyncMutex numbering_;  // from reading the counter to its commit
  std::optional<base::Clock::time_point> last_upload_;
  enum class Background { kIdle, kUploading } background_ = Background::kIdle;
};

}  // namespace whatsapp
