// Which devices an account has: what a message must be encrypted for. Lists come from usync, are kept in the
// store and, the ones used lately, in memory; notifications change them, the server's disagreement (a phash
// in an ack, an error) drops them. One list per person, under the LID if that is known: device numbers are
// the same in both forms. Spec 05 §2.3, §2.4; 08 §5, §8.4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "runtime/async_mutex.h"
#include "runtime/task.h"
#include "whatsapp/binary/iq.h"
#include "whatsapp/client/current_connection.h"
#include "whatsapp/client/lid_map.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/client/query_budget.h"
#include "whatsapp/client/usync.h"

namespace whatsapp {

/// A phone number as the server knows it.
struct KnownNumber {
  binary::Jid pn;                  // canonical: the server corrects Brazil's ninth digit and the like
  std::optional<std::string> lid;  // user
};

class DeviceDirectory {
 public:
  DeviceDirectory(runtime::EventLoop& loop, AccountStore& store, SessionKeeper& sessions, LidMap& lids,
                  CurrentConnection& connection, QueryBudget& budget, base::Random& random, base::Log log,
                  std::size_t capacity);

  enum class Freshness { kCached, kRefetched };
  /// Device JIDs, in the form (PN or LID) of the accounts asked for, our own sending device left out. An
  /// account that the server tells nothing about counts as its phone alone. Errors: those of the query.
  runtime::Task<base::Result<std::vector<binary::Jid>>> devices_of(std::vector<binary::Jid> accounts,
                                                                   Freshness freshness = Freshness::kCached);

  /// kNotFound if the number is not on WhatsApp. Answers are remembered: yes 7 days, no 1 hour.
  runtime::Task<base::Result<KnownNumber>> look_up_number(std::string digits);
  /// Asks for the LID of an account anew, because the server said that ours is stale.
  runtime::Task<base::Result<void>> refresh_lid(binary::Jid pn);

  /// The next send asks the server. Into `changes`, which the caller commits.
  runtime::Task<base::Result<void>> drop(binary::Jid account, store::Changes& changes);

  /// `<notification type="devices">`: devices came or went. Sessions of those that went are deleted.
  runtime::Task<base::Result<void>> apply_devices(const binary::Node& notification, store::Changes& changes);
  /// `<notification type="account_sync"><devices/>`: the whole list of our own devices.
  runtime::Task<base::Result<void>> apply_own_devices(const binary::Node& notification,
                                                      store::Changes& changes);

  void clear();
  [[nodiscard]] std::size_t size() const { return lists_.size(); }

 private:
  using Row = store::DeviceListRow;
  struct Wanted {
    binary::Jid account;
    std::optional<Row> row;
  };
  struct RememberedNumber {
    std::optional<KnownNumber> known;  // absent: not on WhatsApp
    base::Clock::time_point until;
  };

  runtime::Task<base::Result<std::optional<Row>>> stored_list(binary::Jid account);
  runtime::Task<base::Result<void>> read_stored(std::vector<Wanted>& wanted);
  [[nodiscard]] bool is_fresh(const Row& row, const binary::Jid& account) const;
  runtime::Task<base::Result<void>> fill(std::vector<Wanted>& wanted, Freshness freshness);
  runtime::Task<base::Result<void>> fetch(std::vector<Wanted*> missing);
  runtime::Task<base::Result<void>> take_in(const std::vector<UsyncUser>& users,
                                            const std::vector<Wanted*>& asked, std::uint64_t asked_at);
  runtime::Task<base::Result<std::vector<UsyncUser>>> ask(QueryBudget::Kind kind, binary::Node query);
  runtime::Task<base::Result<void>> apply_delta(const binary::Node& delta, const store::LidMapping& user,
                                                const binary::Jid& from, store::Changes& changes);
  void keep(Row row, store::Changes& changes);

  runtime::EventLoop& loop_;
  AccountStore& store_;
  SessionKeeper& sessions_;
  LidMap& lids_;
  CurrentConnection& connection_;
  QueryBudget& budget_;
  binary::RequestIds sids_;
  base::Log log_;
  runtime::AsyncMutex asking_;  // one usync at a time
  LruMap<std::string, Row> lists_;
  LruMap<std::string, RememberedNumber> numbers_{256};  // by the digits asked for
  std::uint64_t epoch_ = 0;  // counts changes by notifications: an older answer must not undo them
};

}  // namespace whatsapp
