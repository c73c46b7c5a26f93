// Where the records of a Baileys account come from. The folder is one front end; gateways keep the same
// records in databases, and tests keep them in memory.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "importers/baileys_names.h"

namespace importers {

class RecordSource {
 public:
  virtual ~RecordSource() = default;

  /// Every record of a category, in no particular order.
  [[nodiscard]] virtual const std::vector<std::string>& ids(Category category) const = 0;
  /// kIo, kLimit (larger than a record may be).
  virtual base::Result<std::string> read(const RecordId& record) = 0;
  /// Fails with kConflict if the records changed since they were listed: somebody still writes them.
  virtual base::Result<void> check_unchanged() = 0;
  /// Entries that are no records.
  [[nodiscard]] virtual std::size_t ignored() const = 0;
};

/// Records as texts, by name.
class RecordMap final : public RecordSource {
 public:
  void put(const RecordId& record, std::string text);

  [[nodiscard]] const std::vector<std::string>& ids(Category category) const override;
  base::Result<std::string> read(const RecordId& record) override;
  base::Result<void> check_unchanged() override { return {}; }
  [[nodiscard]] std::size_t ignored() const override { return 0; }

 private:
  std::vector<std::string> ids_[kCategoryCount];
  std::map<RecordId, std::string> texts_;
};

}  // namespace importers
