// After a login the server may say that something changed while we were away ("dirty"): settings of the
// account, groups, app state. Whoever keeps that fetches it anew; then we say that it is clean. What nobody
// here keeps is clean at once; what failed stays dirty, and is told again at the next login. Spec 08 §9.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/client/desk_parts.h"

namespace whatsapp {

class DirtyListener {
 public:
  virtual ~DirtyListener() = default;
  /// Fetches what `<dirty>` names. Runs in the connection's scope, so it may ask the server.
  virtual runtime::Task<base::Result<void>> refresh(binary::Node dirty) = 0;
};

class DirtyMarks {
 public:
  explicit DirtyMarks(DeskParts& parts) : parts_(parts) {}

  /// `listener` outlives this. Before the first connection.
  void listen(std::string type, DirtyListener& listener) {
    listeners_.emplace_back(std::move(type), &listener);
  }
  /// One `<dirty>`. Does its work in the background.
  void take(const binary::Node& dirty);

 private:
  runtime::Task<void> clean(binary::Node dirty);

  DeskParts& parts_;
  std::vector<std::pair<std::string, DirtyListener*>> listeners_;
};

}  // namespace whatsapp
