// Signal sessions in the hands of the live client: loaded through the account's store, kept parsed in a
// small cache, changed under one lock per account. Whoever encrypts or decrypts does
//
//   auto work = co_await sessions.begin();          // the lock
//   co_await sessions.load(addresses, work.changes);
//   … peer(address) …                               // what changes goes into work.changes
//   co_await work.commit();                         // gives the lock back, then waits for the disk
//
// The next holder of the lock sees the new state, in memory and in the store. The lock is never held across
// a question to the network. Spec 04 §11, §13; 08 §6.3.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/async_mutex.h"
#include "runtime/task.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/signal/session_record.h"

namespace whatsapp {

/// What we know of one device.
struct PeerState {
  signal::SessionRecord session;  // empty: none
  std::optional<store::IdentityRow> identity;
  enum class Stored { kReadable, kUnreadable } stored = Stored::kReadable;  // was the stored record damaged?

  [[nodiscard]] bool can_encrypt() const;
};

/// The rows of one device as the store has them.
struct PeerRows {
  signal::Address address;
  std::optional<base::Bytes> session;
  std::optional<store::IdentityRow> identity;
  /// A session that is still under the PN of this LID address, to be taken over.
  std::optional<signal::Address> old_address;
  std::optional<base::Bytes> old_session;
  std::optional<store::IdentityRow> old_identity;
};

/// For reads on the lane: everything about the devices, one after the other. A LID address without session
/// is also looked for under the PN that the store's map has for it.
base::Result<std::vector<PeerRows>> read_peers(store::DeviceStore& device,
                                               const std::vector<signal::Address>& addresses);

class SessionKeeper;

/// The right to work with the account's sessions, and what that changed so far. Ending it without commit()
/// makes memory forget what the store does not have.
class SessionWork {
 public:
  SessionWork(SessionKeeper& keeper, runtime::AsyncMutex::Guard lock)
      : keeper_(&keeper), lock_(std::move(lock)) {}
  SessionWork(SessionWork&& other) noexcept
      : changes(std::move(other.changes)),
        keeper_(std::exchange(other.keeper_, nullptr)),
        lock_(std::move(other.lock_)) {}
  SessionWork& operator=(SessionWork&&) = delete;
  ~SessionWork();

  /// Durable when it returns. The lock is given back before the wait. Once.
  runtime::Task<base::Result<void>> commit();
  /// Gives the lock back; `changes` must be empty.
  void end() { lock_.release(); }

  store::Changes changes;

 private:
  SessionKeeper* keeper_;
  runtime::AsyncMutex::Guard lock_;
};

class SessionKeeper {
 public:
  SessionKeeper(runtime::EventLoop& loop, AccountStore& store, std::size_t capacity);

  runtime::Task<base::Result<SessionWork>> begin();

  // All of the following inside a SessionWork, with its `changes`.

  /// Makes peer() valid for these addresses until the next wait without the lock.
  runtime::Task<base::Result<void>> load(std::vector<signal::Address> addresses, store::Changes& changes);
  [[nodiscard]] bool loaded(const signal::Address& address);
  /// What a caller read himself with read_peers(). Does nothing for addresses that are loaded.
  void adopt(PeerRows rows, store::Changes& changes);
  [[nodiscard]] PeerState& peer(const signal::Address& address);

  void store_session(const signal::Address& address, store::Changes& changes);
  void store_identity(const signal::Address& address, const crypto::PublicKey& key, std::int64_t now,
                      store::Changes& changes);
  void forget_session(const signal::Address& address, store::Changes& changes);
  void forget_session_and_identity(const signal::Address& address, store::Changes& changes);
  /// Moves every session and identity of the person from PN to LID addresses; sessions of both forms are
  /// merged, what is stored under the LID staying in front.
  runtime::Task<base::Result<void>> migrate(std::string pn_user, std::string lid_user,
                                            store::Changes& changes);

  // At any time.

  /// Memory may be ahead of the disk (a commit failed) or is not worth keeping: all of it is forgotten
  /// before the next load.
  void invalidate() { stale_ = true; }
  /// Frees the memory now if nobody works with it.
  void drop_if_unused();
  [[nodiscard]] std::size_t size() const { return cache_.size(); }

 private:
  friend class SessionWork;
  void drop_if_stale();

  AccountStore& store_;
  runtime::AsyncMutex mutex_;
  LruMap<signal::Address, PeerState, signal::AddressHash> cache_;
  bool stale_ = false;
};

}  // namespace whatsapp
