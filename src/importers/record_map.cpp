#include "importers/record_source.h"

namespace importers {

void RecordMap::put(const RecordId& record, std::string text) {
  if (!texts_.contains(record)) ids_[static_cast<std::size_t>(record.category)].push_back(record.id);
  texts_[record] = std::move(text);
}

const std::vector<std::string>& RecordMap::ids(Category category) const {
  return ids_[static_cast<std::size_t>(category)];
}

base::Result<std::string> RecordMap::read(const RecordId& record) {
  const auto found = texts_.find(record);
  if (found == texts_.end()) return base::fail(base::ErrorCode::kNotFound, "there is no such record");
  return found->second;
}

}  // namespace importers
