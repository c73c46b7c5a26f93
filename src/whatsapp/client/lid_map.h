// Which phone number (PN) and which hidden number (LID) belong to one person, as this account learned it.
// The store has the whole map; memory has what was asked for lately, absence included, which is true for as
// long as all changes go through here. Learning a pair moves the Signal state of the person's devices from
// the PN to the LID in the same transaction. Spec 05 §2.2, §7.4; 08 §6.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/binary/jid.h"
#include "whatsapp/client/account_store.h"
#include "whatsapp/client/lru_map.h"
#include "whatsapp/client/self.h"
#include "whatsapp/client/session_keeper.h"

namespace whatsapp {

class LidMap {
 public:
  LidMap(AccountStore& store, SessionKeeper& sessions) : store_(store), sessions_(sessions) {}

  /// Our own pair, which no stanza of others can change.
  void set_own(const Self& self) { own_ = self; }

  /// Users as digits. Own account included.
  runtime::Task<base::Result<std::optional<std::string>>> lid_of(std::string pn_user);
  runtime::Task<base::Result<std::optional<std::string>>> pn_of(std::string lid_user);

  /// Reads many at once, so that lid_of() answers each of these from memory for as long as it is not asked
  /// about others.
  runtime::Task<base::Result<void>> prepare(std::vector<std::string> pn_users);

  /// Adds what is new of `pairs` to `changes`, with the migration of sessions. The caller holds the session
  /// lock and commits; if the commit fails he forgets everything with clear().
  runtime::Task<base::Result<void>> learn(std::vector<store::LidMapping> pairs, store::Changes& changes);

  /// The account under its LID if that is known, else as it is. Without device; hosted forms folded.
  runtime::Task<base::Result<binary::Jid>> canonical(binary::Jid jid);
  /// The address under which the sessions of a device are kept.
  runtime::Task<base::Result<std::optional<signal::Address>>> address_for(binary::Jid device);

  void clear();
  [[nodiscard]] std::size_t size() const { return lids_.size(); }

 private:
  [[nodiscard]] bool knows(const store::LidMapping& pair);
  [[nodiscard]] bool contradicts_own(const store::LidMapping& pair) const;

  AccountStore& store_;
  SessionKeeper& sessions_;
  Self own_;
  LruMap<std::string, std::optional<std::string>> lids_{256};  // by PN user
  LruMap<std::string, std::optional<std::string>> pns_{256};   // by LID user
};

/// The pair of two JIDs of one person, if one is a PN and the other a LID.
std::optional<store::LidMapping> pair_of(const binary::Jid& a, const binary::Jid& b);

}  // namespace whatsapp
