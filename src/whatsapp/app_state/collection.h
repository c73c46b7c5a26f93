// A collection: one of five versioned maps of settings that all devices of an account share. The service
// keeps only ciphertext; each device keeps, per collection, a version, a hash over all current values, and
// for each index MAC the value MAC that it stands for. Spec 07 A1, A4.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "whatsapp/app_state/lt_hash.h"

namespace whatsapp::app_state {

/// In the order of the first synchronisation.
enum class Collection {
  kCriticalBlock,       // own push name, locale
  kCriticalUnblockLow,  // address book
  kRegularHigh,         // mute, star, deletions
  kRegular,             // labels, quick replies
  kRegularLow,          // pin, archive, read state
};

inline constexpr std::array kCollections{Collection::kCriticalBlock, Collection::kCriticalUnblockLow,
                                         Collection::kRegularHigh, Collection::kRegular,
                                         Collection::kRegularLow};

/// "critical_block", …; the name goes into MACs.
std::string_view to_string(Collection collection);
std::optional<Collection> collection_from(std::string_view name);

/// Identifies an index without telling it: HMAC of the index text.
using IndexMac = base::FixedBytes<32>;
/// Current entries of a collection; the full map lives in the store.
using ValueMacs = std::map<IndexMac, ValueMac>;
/// What happened to entries; nothing: the entry is gone.
using EntryChanges = std::map<IndexMac, std::optional<ValueMac>>;

/// Whether our hash is known to be that of the other devices.
enum class Trust {
  kVerified,
  /// A snapshot MAC did not match. The contents are proven by other MACs, so they are used; but a patch made
  /// from this state would carry a wrong MAC for everybody else, and is refused.
  kTainted,
};

/// What is remembered per collection besides the entries.
struct CollectionState {
  bool initialized = false;
  std::uint64_t version = 0;
  LtHash hash;
  Trust trust = Trust::kVerified;

  friend bool operator==(const CollectionState&, const CollectionState&) = default;
};

/// What a `<collection>` of an answer says about the request for it.
enum class Reply {
  kSuccess,
  kSuccessHasMore,   // apply, then fetch again from the new version
  kConflict,         // somebody was faster: apply what came, then send ours again
  kConflictHasMore,  // apply, fetch the rest, then send ours again
  kFatal,            // the same request will never succeed
  kRetry,            // back off and try again
};

enum class MorePatches { kNo, kYes };

/// `error_code`: of `<error code>`, if the collection is of type "error".
Reply reply_of(std::optional<int> error_code, MorePatches more);

}  // namespace whatsapp::app_state
