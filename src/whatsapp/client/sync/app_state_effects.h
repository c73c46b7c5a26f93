// What the owner did on another device, obeyed here: names and chat settings go into the account's book, LIDs
// into the map, our own name into the credentials; the application hears of it. Spec 07 A8.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/app_state/record.h"
#include "whatsapp/client/desk_parts.h"
#include "whatsapp/client/sync/account_book.h"

namespace whatsapp {

/// The first synchronisation brings thousands of contacts and settings: they are stored, not told.
enum class Telling { kQuietly, kWithEvents };

class AppStateEffects {
 public:
  AppStateEffects(DeskParts& parts, AccountBook& book) : parts_(parts), book_(book) {}

  /// Everything that the mutations mean, into `changes`; the caller holds the session lock and commits. An
  /// action that makes no sense is passed over. Errors are the store's.
  runtime::Task<base::Result<void>> apply(const std::vector<app_state::Mutation>& mutations, Telling telling,
                                          store::Changes& changes);

  /// Called when apply() has changed our own name.
  std::function<void()> renamed;

 private:
  DeskParts& parts_;
  AccountBook& book_;
};

}  // namespace whatsapp
