// A Baileys account becomes one of ours: every record that is worth keeping, under the address where we look
// for it, as store::Changes for an empty store. Memory stays bounded however many records there are: the
// changes come in batches, which belong together and must all be committed, or none. Spec 09 §11, §12.
//
// Not taken over, because it is learned again and would be out of date or of no use: device lists, app-state
// versions (they hold no contacts: all collections start with a snapshot), caches and history markers. And
// our own sender keys with the notes of who has them: the next message to a group hands out a fresh key.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "importers/record_source.h"
#include "whatsapp/store/device_store.h"

namespace importers {

/// A record that is no JSON was cut short by a crash, or by whoever copied the folder.
enum class DamagedRecords {
  kRefuse,   // the whole account: it should be looked at
  kLeaveOut  // creds.json excepted; what is lost is asked for again
};

struct ImportSettings {
  DamagedRecords damaged = DamagedRecords::kRefuse;
  std::int64_t now = 0;  // Unix seconds
};

/// Before LIDs (6.x) or after (7.x): decides how addresses without a domain are meant.
enum class Generation { kV6, kV7 };

struct ImportReport {
  struct Count {
    std::size_t taken = 0;
    std::size_t left_out = 0;
  };
  std::string own_jid;
  std::string own_lid;  // empty: not known yet
  std::string platform;
  std::uint32_t key_index = 0;
  std::int64_t linked_at = 0;
  Generation generation = Generation::kV7;
  std::array<Count, kCategoryCount> counts{};
  std::size_t ignored_files = 0;
  std::vector<std::string> warnings;  // the first twenty

  [[nodiscard]] Count& of(Category category) { return counts[static_cast<std::size_t>(category)]; }
  void warn(std::string text);
  /// For people: one line per fact, without secrets.
  [[nodiscard]] std::string text() const;
};

using ChangesSink = std::function<base::Result<void>(whatsapp::store::Changes&&)>;

/// kNotFound: the device was never linked. Otherwise the error says in one line which record is wrong and
/// why.
base::Result<ImportReport> import_account(RecordSource& source, const ImportSettings& settings,
                                          const ChangesSink& sink);

}  // namespace importers
