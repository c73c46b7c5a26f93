// What the owner does through us, told to his other devices: a patch upon the version that we have. If
// somebody else was faster, his patches are applied first and ours is made anew (10 P4). Spec 07 A6.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"
#include "whatsapp/app_state/build_patch.h"
#include "whatsapp/app_state/make_action.h"
#include "whatsapp/client/sync/app_state_sync.h"

namespace whatsapp {

class AppStatePatches {
 public:
  using MakeMutations = std::function<app_state::MutationSet(const std::string& name)>;

  AppStatePatches(DeskParts& parts, AppStateSync& sync) : parts_(parts), sync_(sync) {}

  /// `names` are the forms of the chat's or contact's address, the preferred one first; the one that the
  /// collection has entries of already is used. kUnavailable: no keys yet, not in step, or
  /// "appstate_tainted"; kConflict: others were faster every time; kRejected: the service refused it.
  runtime::Task<base::Result<void>> send(std::vector<std::string> names, MakeMutations make);

 private:
  using Collection = app_state::Collection;

  struct Ground {
    app_state::CollectionState state{};
    app_state::KeyRing ring{};
    app_state::KeyId key_id{};
    app_state::ValueMacs known{};
    app_state::MutationSet set{};
  };
  enum class Sent { kAccepted, kConflict };

  static base::Result<Ground> load_ground(store::DeviceStore& device, const std::vector<std::string>& names,
                                          const MakeMutations& make);
  runtime::Task<base::Result<Sent>> attempt(Ground ground);
  runtime::Task<base::Result<Sent>> obey(Ground ground, app_state::BuiltPatch built, CollectionAnswer answer);

  DeskParts& parts_;
  AppStateSync& sync_;
};

}  // namespace whatsapp
