// Keeps the five collections of app state in step with the service: after the login, when keys arrive, when
// the service says that something changed. One run at a time; what is wanted meanwhile is done next. Heavy
// work (hashing, decrypting, reading entries) is done on the account's lane, in slices.
//
// What can go wrong has an end (10 P1, P2, P5): a missing key parks its collection until keys come; a
// collection that cannot be verified climbs the ladder (a full snapshot once, the phone's own copy once in
// two days) and is then left alone for a day; an answer that never ends is given up after rounds without
// progress; failures are tried again later and later. Spec 07 A4, A5, A7.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/async_mutex.h"
#include "runtime/task.h"
#include "whatsapp/app_state/apply_patch.h"
#include "whatsapp/app_state/snapshot.h"
#include "whatsapp/client/dirty_marks.h"
#include "whatsapp/client/notifications.h"
#include "whatsapp/client/self_notices.h"
#include "whatsapp/client/sync/app_state_effects.h"
#include "whatsapp/client/sync/app_state_keys.h"
#include "whatsapp/client/sync/app_state_stanzas.h"
#include "whatsapp/client/sync/blob_source.h"

namespace whatsapp {

class AppStateSync final : public SelfNoticeListener, public NotificationListener, public DirtyListener {
 public:
  using Collection = app_state::Collection;
  using Collections = std::set<Collection>;

  AppStateSync(DeskParts& parts, PeerMessenger& peers, AppStateEffects& effects);

  /// A new connection: nothing of the old one is under way any more.
  void attached();
  /// The offline queue has been delivered.
  void offline_finished();

  AppStateKeys& keys() { return keys_; }

  // For the part that sends patches, which holds the lock.
  runtime::Task<base::Result<runtime::AsyncMutex::Guard>> lock() { return mutex_.lock(); }
  /// Fetches and applies what is new. kUnavailable when the collection did not get in step.
  runtime::Task<base::Result<void>> catch_up(Collection collection);
  /// Applies what the answer to a patch brought.
  runtime::Task<base::Result<void>> take_in(Collection collection, CollectionAnswer answer);
  /// Commits a new state with what changed in it.
  runtime::Task<base::Result<void>> commit(Collection collection,
                                           std::optional<app_state::CollectionState> state,
                                           const app_state::EntryChanges& entries,
                                           const std::vector<app_state::Mutation>& mutations,
                                           Telling telling);

  // SelfNoticeListener: the phone's copy of a collection
  runtime::Task<base::Result<void>> take(const message::SelfNotice&, const MessageSource&,
                                         store::Changes&) override;
  void committed(const message::SelfNotice& notice, const MessageSource& source) override;
  // NotificationListener: server_sync
  runtime::Task<base::Result<void>> take(const binary::Node&, store::Changes&) override;
  void committed(const binary::Node& notification) override;
  // DirtyListener: syncd_app_state
  runtime::Task<base::Result<void>> refresh(binary::Node dirty) override;

 private:
  using State = app_state::CollectionState;
  using States = std::map<Collection, State>;

  /// What is to be done with a collection after its answer.
  enum class Next {
    kDone,
    kAdvanced,  // and there is more
    kAgain,     // nothing came of it, ask once more
    kLater,
    kParked,
  };

  void keys_arrived();
  void want(const Collections& collections);
  runtime::Task<void> run();
  runtime::Task<void> want_after_login();
  runtime::Task<void> want_later(Collections collections);
  /// Those that did not get in step and are worth another try later.
  runtime::Task<base::Result<Collections>> synchronise(Collections todo);
  runtime::Task<base::Result<States>> load_states(Collections collections);
  runtime::Task<base::Result<State>> load_state(Collection collection);
  runtime::Task<base::Result<void>> commit_state(Collection collection, State state);

  runtime::Task<base::Result<Next>> obey(Collection collection, State state, CollectionAnswer answer);
  runtime::Task<base::Result<Next>> take_content(Collection collection, State state, CollectionAnswer answer);
  runtime::Task<base::Result<Next>> take_snapshot(Collection collection, State state, base::Bytes reference);
  runtime::Task<base::Result<Next>> replay(Collection collection, base::Bytes file);
  runtime::Task<base::Result<Next>> take_patches(Collection collection, std::vector<base::Bytes> patches);
  runtime::Task<base::Result<Next>> apply(Collection collection, std::vector<app_state::Patch> patches);
  runtime::Task<base::Result<base::Bytes>> download(app_state::BlobReference reference);

  runtime::Task<base::Result<Next>> refused(Collection collection, app_state::Reject reject);
  runtime::Task<base::Result<Next>> climb(Collection collection);
  runtime::Task<base::Result<Next>> climb_tainted(Collection collection);
  runtime::Task<base::Result<Next>> fatal(Collection collection);
  runtime::Task<base::Result<void>> reset(Collection collection);
  Next park(Collection collection);
  [[nodiscard]] bool parked(Collection collection) const;

  runtime::Task<void> ask_phone(Collection collection);
  runtime::Task<void> recover(Collection collection, base::Bytes copy, std::string request_id);

  DeskParts& parts_;
  PeerMessenger& peers_;
  AppStateEffects& effects_;
  AppStateKeys keys_;
  runtime::AsyncMutex mutex_;

  Collections wanted_;
  bool running_ = false;
  bool waiting_to_retry_ = false;
  std::size_t failures_ = 0;  // in a row

  Collections blocked_;                                         // until keys come
  Collections resynced_;                                        // once per process
  std::map<Collection, int> gaps_;                              // of the run at hand
  std::map<Collection, base::Clock::time_point> forced_at_;     // full snapshot after a fatal answer
  std::map<Collection, base::Clock::time_point> parked_until_;  // beyond repair for now
};

}  // namespace whatsapp
